"""What an endpoint that serves this project's prompts has to answer."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from server import SOURCE

REQUESTS = Path(__file__).parent / "requests"
TIMEOUT_S = 60


def check(url, key):
    """Ask every prompt twice; ends the process where an answer is not as it should be."""
    bundle = json.loads((SOURCE / "bundle.json").read_text("utf-8"))
    expect(_json(url + "/health"), (200, {"status": "ok", "bundle": bundle["hash"]}))
    status, refusal = _json(url + "/v1/prompts")
    expect((status, refusal.get("code")), (401, "unauthorized"))
    status, listed = _json(url + "/v1/prompts", key)
    expect((status, listed.get("detail")), (200, None))
    expect(sorted(row["name"] for row in listed["prompts"]), sorted(bundle["prompts"]))
    for name in sorted(bundle["prompts"]):
        _check_runs(url, key, name)


def expect(found, wanted):
    """Not by `assert`, which PYTHONOPTIMIZE takes out."""
    if found != wanted:
        raise SystemExit(f"There should be {wanted!r}, and there is {found!r}.")


def _check_runs(url, key, name):
    body = json.loads((REQUESTS / f"{name}.json").read_text("utf-8"))
    path = f"{url}/v1/prompts/{name}/run"
    status, result = _json(path, key, body)
    expect((name, status, result.get("detail")), (name, 200, None))
    expect((result["prompt"], type(result["output"]["text"])), (name, str))
    with _open(path, key, {**body, "stream": True}) as answer:
        expect((name, answer.headers["content-type"]), (name, "text/event-stream"))
        frames = [frame for frame in answer.read().decode().split("\n\n") if frame.startswith("event: ")]
    events = [frame.partition("\n")[0] for frame in frames]
    expect((name, events[:1], events[-1:]), (name, ["event: start"], ["event: done"]))


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
