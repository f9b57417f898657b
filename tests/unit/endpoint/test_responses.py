import asyncio
import json
from typing import Any

import pytest

from promptstudio.values import Json
from tests.unit.endpoint.asgi import (
    COMPLETED,
    GREET,
    GREETING,
    Answer,
    Client,
    ScriptedTransport,
    ask,
    bundle,
    delta,
    endpoint,
)

ALIASED = GREET.replace("input:", "promptstudio.aliases: [pmpt_123]\nconfig: {temperature: 0.5}\ninput:")
PROMPT: dict[str, Json] = {"id": "pmpt_123", "variables": {"name": "Ada"}}


async def respond(
    body: dict[str, Json], transport: ScriptedTransport | None = None, text: str = ALIASED
) -> Answer:
    document = bundle({"greet": text, "echo": "---\nmodel: echo/echo\n---\nHi"})
    return await ask(endpoint(transport, document), Client("/v1/responses", {"prompt": PROMPT, **body}))


async def asked(body: dict[str, Json], text: str = ALIASED) -> Any:
    """What the model was sent."""
    transport = ScriptedTransport()
    answer = await respond(body, transport, text)
    assert answer.status == 200, answer.body
    return json.loads(transport.requests[0].body)


async def refused(body: dict[str, Json]) -> dict[str, Json]:
    answer = await respond(body)
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Json] = answer.json["error"]
    return {**error, "status": answer.status}


async def test_a_stored_prompt_answers_by_its_alias() -> None:
    response = (await respond({})).json
    assert response["object"] == "response"
    assert response["status"] == "completed"
    assert response["model"] == "openai/gpt-5.4-mini"
    assert response["prompt"] == {"id": "pmpt_123", "version": "0", "variables": {"name": "Ada"}}
    (item,) = response["output"]
    assert item["content"] == [{"type": "output_text", "text": "Hello!", "annotations": [], "logprobs": []}]


async def test_a_version_is_a_number_in_a_string() -> None:
    assert (await respond({"prompt": {**PROMPT, "version": "0"}})).status == 200
    assert (await respond({"prompt": {**PROMPT, "version": 0}})).status == 200
    assert (await refused({"prompt": {**PROMPT, "version": "7"}}))["status"] == 404
    error = await refused({"prompt": {**PROMPT, "version": "latest"}})
    assert (error["status"], error["param"]) == (400, "prompt.version")


async def test_strings_stand_for_what_the_schema_wants() -> None:
    prompt = GREET.replace(
        "    times?: integer\n", "    n: integer\n    ok: boolean\n    tags(array): string\n"
    )
    text = prompt.replace("Greet {{name}}.", "{{name}} {{n}} {{ok}} {{tags}}").replace(
        "input:", "promptstudio.aliases: [pmpt_123]\ninput:"
    )
    variables: Json = {"name": "5", "n": "5", "ok": "true", "tags": '["a"]'}
    sent = await asked({"prompt": {"id": "pmpt_123", "variables": variables}}, text)
    assert sent["input"] == [{"role": "user", "content": '5 5 true ["a"]'}]


async def test_a_string_that_stands_for_nothing_the_schema_wants_is_named() -> None:
    error = await refused({"prompt": {"id": "pmpt_123", "variables": {"name": "Ada", "times": "often"}}})
    assert error["status"] == 422
    assert error["param"] == "prompt.variables.times"
    assert error["code"] == "invalid_variables"
    assert '"often" is not an integer' in str(error["message"])


async def test_an_image_becomes_its_url_and_a_text_its_text() -> None:
    text = ALIASED.replace("Greet {{name}}.", "See {{media url=name}}")
    image: Json = {"type": "input_image", "image_url": "https://x.example/a.png"}
    sent = await asked({"prompt": {"id": "pmpt_123", "variables": {"name": image}}}, text)
    assert sent["input"][0]["content"][1]["image_url"] == "https://x.example/a.png"
    plain: Json = {"type": "input_text", "text": "Ada"}
    sent = await asked({"prompt": {"id": "pmpt_123", "variables": {"name": plain}}})
    assert sent["input"] == [{"role": "user", "content": "Greet Ada."}]


async def test_input_follows_the_prompt_and_instructions_precede_it() -> None:
    items: list[Json] = [
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]},
        {"type": "message", "role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "Again?"}]},
    ]
    sent = await asked({"instructions": "Be kind.", "input": items})
    assert sent["input"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Greet Ada."},
        {"role": "assistant", "content": "Hello."},
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Again?"},
    ]
    assert (await asked({"input": "More."}))["input"][-1] == {"role": "user", "content": "More."}


async def test_settings_override_the_prompts_own() -> None:
    sent = await asked(
        {"temperature": 0, "top_p": 0.5, "max_output_tokens": 9, "reasoning": {"effort": "low"}}
    )
    assert sent["temperature"] == 0
    assert sent["top_p"] == 0.5
    assert sent["max_output_tokens"] == 9
    assert sent["reasoning"] == {"effort": "low"}
    assert (await asked({"temperature": None}))["temperature"] == 0.5


async def test_a_model_of_a_known_provider_takes_over() -> None:
    assert (await asked({"model": "openai/gpt-5.4"}))["model"] == "gpt-5.4"
    answer = (
        await respond({"model": "echo/echo"}, ScriptedTransport(b'{"text":"echo","input_tokens":1}'))
    ).json
    assert answer["model"] == "echo/echo"
    error = await refused({"model": "gpt-5.4"})
    assert error["param"] == "model"
    assert '"gpt-5.4" is not one of echo/…, openai/…' in str(error["message"])


async def test_a_format_takes_the_place_of_the_prompts_output() -> None:
    format_: Json = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    sent = await asked_json({"text": {"format": format_}})
    assert sent["text"] == {"format": format_}
    sent = await asked_json({"text": {"format": {"type": "json_object"}}})
    assert sent["text"] == {"format": {"type": "json_object"}}


async def asked_json(body: dict[str, Json]) -> Any:
    transport = ScriptedTransport(GREETING.replace(b"Hello!", b"{}"))
    assert (await respond(body, transport)).status == 200
    return json.loads(transport.requests[0].body)


async def test_the_end_user_is_passed_on() -> None:
    assert (await asked({"user": "u"}))["safety_identifier"] == "u"
    assert (await asked({"user": "u", "safety_identifier": "s"}))["safety_identifier"] == "s"
    answer = await respond({"metadata": {"k": "v"}, "store": False})
    assert answer.json["metadata"] == {"k": "v"}


@pytest.mark.parametrize("name", ["tools", "previous_response_id", "background", "unheard_of"])
async def test_what_is_not_supported_is_named(name: str) -> None:
    error = await refused({name: "x"})
    assert error["status"] == 400
    assert error["type"] == "invalid_request_error"
    assert error["message"] == f"This endpoint does not support {name}."


async def test_storing_is_not_supported() -> None:
    assert (await refused({"store": True}))["message"] == "This endpoint does not support store."


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": {}}, "prompt.id"),
        ({"input": 5}, "input"),
        ({"input": [{"role": "tool", "content": ""}]}, "input.0.role"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format"),
    ],
)
async def test_what_is_malformed_is_named(body: dict[str, Json], param: str) -> None:
    error = await refused(body)
    assert (error["status"], error["param"], error["code"]) == (400, param, "invalid_request")


async def test_errors_of_every_stage_have_openais_shape() -> None:
    answer = await ask(endpoint(), Client("/v1/responses", method="GET"))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert list(answer.json["error"]) == ["message", "type", "param", "code"]
    unknown = await refused({"prompt": {"id": "pmpt_other"}})
    assert (unknown["status"], unknown["message"]) == (404, "There is no prompt pmpt_other.")


@pytest.mark.parametrize(
    ("reason", "told"), [("max_output_tokens", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_an_answer_cut_short_is_incomplete(reason: str, told: str) -> None:
    cut = json.loads(GREETING) | {"status": "incomplete", "incomplete_details": {"reason": reason}}
    response = (await respond({}, ScriptedTransport(json.dumps(cut).encode()))).json
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": told}


async def test_a_stream_tells_openais_events_in_their_order() -> None:
    answer = await respond({"stream": True}, ScriptedTransport(delta("Hel"), delta("lo!"), COMPLETED))
    events = answer.events
    assert [event.removeprefix("response.") for event, _ in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [data["sequence_number"] for _, data in events] == list(range(10))
    assert all(data["type"] == event for event, data in events)
    last = events[-1][1]["response"]
    assert last["output"][0]["content"][0]["text"] == "Hello!"
    assert last["usage"]["total_tokens"] == 15


async def test_a_stream_that_breaks_off_ends_in_failed() -> None:
    answer = await respond({"stream": True}, ScriptedTransport(delta("Hel")))
    event, data = answer.events[-1]
    assert event == "response.failed"
    response = data["response"]
    assert response["status"] == "failed"
    assert response["error"]["code"] == "server_error"
    assert "broke off" in response["error"]["message"]


async def test_the_accept_header_does_not_make_a_response_a_stream() -> None:
    headers = [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")]
    client = Client("/v1/responses", {"prompt": PROMPT}, headers=headers)
    answer = await ask(endpoint(document=bundle({"greet": ALIASED})), client)
    assert answer.headers["content-type"] == "application/json"


async def test_a_client_that_leaves_cancels_the_call_to_the_model() -> None:
    transport = ScriptedTransport(delta("Hel"), None)
    client = Client("/v1/responses", {"prompt": PROMPT, "stream": True})
    task = asyncio.create_task(ask(endpoint(transport, bundle({"greet": ALIASED})), client))
    await transport.waiting.wait()
    client.leave()
    async with asyncio.timeout(5):
        await task
    assert transport.cancelled
