"""What an endpoint that serves this project's prompts has to answer."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from server import SOURCE

REQUESTS = Path(__file__).parent / "requests"
TIMEOUT_S = 60


def check(url, key):
    """Ask every prompt twice; raises AssertionError where an answer is not as it should be."""
    bundle = json.loads((SOURCE / "bundle.json").read_text("utf-8"))
    assert _json(url + "/health") == (200, {"status": "ok", "bundle": bundle["hash"]})
    status, refusal = _json(url + "/v1/prompts")
    assert (status, refusal["code"]) == (401, "unauthorized"), refusal
    status, listed = _json(url + "/v1/prompts", key)
    assert status == 200, listed
    assert sorted(row["name"] for row in listed["prompts"]) == sorted(bundle["prompts"])
    for name in sorted(bundle["prompts"]):
        _check_runs(url, key, name)


def _check_runs(url, key, name):
    body = json.loads((REQUESTS / f"{name}.json").read_text("utf-8"))
    path = f"{url}/v1/prompts/{name}/run"
    status, result = _json(path, key, body)
    assert status == 200, result
    assert result["prompt"] == name
    assert isinstance(result["output"]["text"], str)
    with _open(path, key, {**body, "stream": True}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        frames = [frame for frame in answer.read().decode().split("\n\n") if frame.startswith("event: ")]
    assert frames[0].startswith("event: start\n"), frames
    assert frames[-1].startswith("event: done\n"), frames


def _json(url, key=None, body=None):
    with _open(url, key, body) as answer:
        return answer.status, json.load(answer)


def _open(url, key, body):
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        return error
