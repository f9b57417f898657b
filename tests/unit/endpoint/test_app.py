import json
import logging

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.keys import KeyRing, create
from promptstudio.errors import AppError
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import GREET, JSON, Client, ScriptedTransport, ask, bundle, endpoint, run

KEY = create("test")
RING = KeyRing([KEY.record])
BEARER = (b"authorization", f"Bearer {KEY.key}".encode())
RUN = "/v1/prompts/greet/run"
LABELLED = GREET.replace("input:", "version: 2\npromptstudio.labels: [production, beta]\ninput:")


async def test_a_run_answers_its_members_in_the_protocols_order() -> None:
    answer = await run(endpoint(), {"variables": {"name": "Ada"}})
    assert answer.status == 200
    members = json.loads(answer.body)
    run_id = members["id"]
    assert answer.body.decode() == (
        f'{{"id":"{run_id}","prompt":"greet","version":0,"model":"openai/gpt-5.4-mini",'
        '"output":{"type":"text","text":"Hello!"},"finish_reason":"stop",'
        '"usage":{"input_tokens":0,"output_tokens":0,"cached_tokens":0},'
        '"cost_usd":null,"cache":{"status":"bypass"}}'
    )
    assert len(run_id) == len("run_") + 24
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["server-timing"].startswith("model;dur=")


async def test_a_run_asks_the_model_what_the_template_says() -> None:
    transport = ScriptedTransport()
    await run(endpoint(transport), {"variables": {"name": "Ada"}, "user": "u-1"})
    body = json.loads(transport.requests[0].body)
    assert body["input"] == [{"role": "user", "content": "Greet Ada."}]
    assert body["safety_identifier"] == "u-1"


async def test_two_requests_have_different_ids() -> None:
    to = endpoint()
    one, other = await run(to, {"variables": {"name": "a"}}), await run(to, {"variables": {"name": "a"}})
    assert one.headers["x-request-id"] != other.headers["x-request-id"]
    assert one.json["id"] != other.json["id"]


async def test_a_version_can_be_asked_for_by_number_and_by_label() -> None:
    newer = LABELLED.replace("version: 2", "version: 3").replace("[production, beta]", "[]")
    to = endpoint(
        document=bundle(
            {"greet": LABELLED, "greet-3": newer.replace("---\nmodel", "---\nname: greet\nmodel", 1)}
        )
    )
    variables = {"name": "Ada"}
    assert (await run(to, {"variables": variables})).json["version"] == 2
    assert (await run(to, {"variables": variables, "version": 3})).json["version"] == 3
    assert (await run(to, {"variables": variables, "label": "beta"})).json["version"] == 2
    assert (await run(to, {"variables": variables, "version": 9})).json[
        "detail"
    ] == "Prompt greet has no version 9."
    assert (await run(to, {"variables": variables, "label": "x"})).json[
        "detail"
    ] == "Prompt greet has no label x."


@pytest.mark.parametrize(
    ("client", "status", "code"),
    [
        (Client("/v1/prompts/greet", {}), 404, "not_found"),
        (Client("/v1/prompts/a/b/run", {}), 404, "not_found"),
        (Client("/v1/prompts//run", {}), 404, "not_found"),
        (Client(RUN + "/", {}), 404, "not_found"),
        (Client(RUN, method="GET"), 405, "method_not_allowed"),
        (Client("/health", {}), 405, "method_not_allowed"),
        (Client(RUN, b"{}", headers=[]), 415, "unsupported_media_type"),
        (Client(RUN, b"{}", headers=[(b"content-type", b"text/plain")]), 415, "unsupported_media_type"),
        (Client(RUN, b"{"), 400, "invalid_request"),
        (Client(RUN, b""), 400, "invalid_request"),
        (Client(RUN, b"[]"), 400, "invalid_request"),
        (Client(RUN, {"variables": {}, "extra": 1}), 400, "invalid_request"),
        (Client("/v1/prompts/other/run", {}), 404, "not_found"),
        (Client(RUN, {}), 422, "invalid_variables"),
    ],
)
async def test_each_stage_refuses_with_its_own_problem(client: Client, status: int, code: str) -> None:
    answer = await ask(endpoint(), client)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_told_the_right_one() -> None:
    answer = await ask(endpoint(), Client(RUN, method="DELETE"))
    assert answer.headers["allow"] == "POST"


async def test_the_first_failing_stage_answers() -> None:
    to = endpoint(keys=RING, settings=Settings(body_limit=10))
    plain = (b"content-type", b"text/plain")
    long = b"x" * 11
    assert (await ask(to, Client("/nowhere", long, headers=[plain]))).status == 404
    assert (await ask(to, Client(RUN, long, headers=[plain]))).status == 401
    assert (await ask(to, Client(RUN, long, headers=[plain, BEARER]))).status == 413
    assert (await ask(to, Client(RUN, b"{", headers=[plain, BEARER]))).status == 415
    assert (await ask(to, Client(RUN, b"{", headers=[JSON, BEARER]))).status == 400


async def test_a_body_of_just_the_limit_is_read_and_a_longer_one_is_not() -> None:
    body = b'{"variables":{"name":"Ada"}}'
    just = endpoint(settings=Settings(body_limit=len(body)))
    short = endpoint(settings=Settings(body_limit=len(body) - 1))
    assert (await ask(just, Client(RUN, body))).status == 200
    assert (await ask(short, Client(RUN, body))).status == 413
    assert (await ask(just, Client(RUN, chunks=[body[:9], body[9:]]))).status == 200
    assert (await ask(short, Client(RUN, chunks=[body[:9], body[9:]]))).status == 413


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        (None, "Send an API key"),
        (b"", "Send an API key"),
        (b"Bearer", "Send an API key"),
        (b"Bearer  ", "Send an API key"),
        (b"Basic dXNlcjpwYXNz", "Send an API key"),
        (b"Bearer ps_live_wrong", "This API key is not known"),
        pytest.param(b"Bearer " + KEY.hash.encode(), "This API key is not known", id="the key's hash"),
        pytest.param(
            b"Bearer " + KEY.key[:20].encode(), "This API key is not known", id="the key's beginning"
        ),
        (b"Bearer \xff\x00", "This API key is not known"),
    ],
)
async def test_whoever_has_no_key_is_told_so(authorization: bytes | None, detail: str) -> None:
    headers = [] if authorization is None else [(b"authorization", authorization)]
    answer = await ask(endpoint(keys=RING), Client("/v1/prompts", method="GET", headers=headers))
    assert answer.status == 401
    assert str(answer.json["detail"]).startswith(detail)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER   "])
async def test_a_key_opens_the_endpoint(scheme: bytes) -> None:
    header = (b"authorization", scheme + KEY.key.encode())
    answer = await ask(endpoint(keys=RING), Client("/v1/prompts", method="GET", headers=[header]))
    assert answer.status == 200


async def test_two_keys_are_none() -> None:
    authorization = b"Bearer " + KEY.key.encode()
    headers = [(b"authorization", b"Bearer x"), (b"authorization", authorization)]
    answer = await ask(endpoint(keys=RING), Client("/v1/prompts", method="GET", headers=headers))
    assert answer.status == 401


async def test_health_needs_no_key_and_names_the_bundle() -> None:
    document = bundle()
    answer = await ask(endpoint(document=document, keys=RING), Client("/health", method="GET", headers=[]))
    assert answer.json == {"status": "ok", "bundle": document["hash"]}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"localhost:8787", 200),
        (b"LOCALHOST", 200),
        (b"127.0.0.1:8787", 200),
        (b"[::1]:8787", 200),
        (b"[::1]", 200),
        (b"evil.example", 403),
        (b"evil.example:8787", 403),
        (b"127.0.0.1.evil.example", 403),
        (b"localhost:8787.evil.example", 403),
        (b"", 403),
    ],
)
async def test_without_keys_only_this_machines_name_is_answered(host: bytes, status: int) -> None:
    client = Client("/v1/prompts", method="GET", headers=[(b"host", host)])
    assert (await ask(endpoint(), client)).status == status


async def test_prompts_are_listed_by_name_at_the_version_that_runs() -> None:
    answers = "---\nmodel: echo/echo\nname: a\ndescription: Says a.\noutput: {schema: {n: integer}}\n---\nHi"
    answer = await ask(
        endpoint(document=bundle({"greet": LABELLED, "a": answers})), Client("/v1/prompts", method="GET")
    )
    first, second = answer.json["prompts"]
    assert first["name"] == "a"
    assert first["description"] == "Says a."
    assert first["output"]["schema"]["properties"] == {"n": {"type": "integer"}}
    assert (second["name"], second["version"], second["output"]) == ("greet", 2, {"type": "text"})
    assert "description" not in second


async def test_a_loaded_bundle_serves_the_next_request() -> None:
    gate = BundleGate(bundle(), ScriptedTransport(), None)
    to = Endpoint(gate, Settings())
    assert (await ask(to, Client("/v1/prompts/other/run", {"variables": {"name": "x"}}))).status == 404
    gate.load(bundle({"other": GREET}))
    assert (await ask(to, Client("/v1/prompts/other/run", {"variables": {"name": "x"}}))).status == 200
    assert (await ask(to, Client("/v1/prompts", method="GET"))).json["prompts"][0]["name"] == "other"


async def test_an_answer_that_is_not_the_promised_json_is_invalid_output() -> None:
    prompt = "---\nmodel: openai/gpt-5.4-mini\noutput:\n  schema:\n    n: integer\n---\nCount."
    said = json.dumps({"output": [{"type": "message", "content": [{"type": "output_text", "text": "%s"}]}]})
    results = {}
    for text in ("five", '{"n":"five"}', ' {"n":5}\n'):
        transport = ScriptedTransport(said.replace("%s", json.dumps(text)[1:-1]).encode())
        results[text] = await run(endpoint(transport, bundle({"count": prompt})), {}, "count")
    assert [answer.status for answer in results.values()] == [502, 502, 200]
    not_json, mismatch, right = (answer.json for answer in results.values())
    assert not_json["detail"] == "The model's answer is not JSON."
    assert mismatch["errors"] == [{"pointer": "/n", "message": '"five" is not an integer'}]
    assert right["output"] == {"type": "json", "json": {"n": 5}, "text": ' {"n":5}\n'}


async def test_a_long_wait_that_a_provider_asks_for_is_passed_on() -> None:
    busy = AppError("provider_busy", provider="openai", status=429, retry_after=30)
    answer = await run(endpoint(ScriptedTransport(busy)), {"variables": {"name": "Ada"}})
    assert (answer.status, answer.json["code"]) == (503, "provider_unavailable")
    assert answer.headers["retry-after"] == "30"


async def test_what_nobody_expected_is_logged_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    transport = ScriptedTransport(RuntimeError("canary-secret"))
    with caplog.at_level(logging.ERROR):
        answer = await run(endpoint(transport), {"variables": {"name": "canary-name"}})
    assert (answer.status, answer.json["code"]) == (500, "internal")
    request_id = answer.headers["x-request-id"]
    assert f"{request_id} failed: RuntimeError" in caplog.text
    assert "canary" not in caplog.text
    assert b"canary" not in answer.body


async def test_a_prompt_that_renders_to_nothing_is_refused_before_its_model_is_asked() -> None:
    transport = ScriptedTransport()
    prompt = "---\nmodel: openai/gpt-5.4-mini\ninput: {schema: {name: string}}\n---\n{{name}}"
    answer = await run(endpoint(transport, bundle({"say": prompt})), {"variables": {"name": " "}}, "say")
    assert (answer.status, answer.json["code"]) == (422, "invalid_variables")
    assert transport.requests == []
