import json
from collections.abc import Iterator

from promptstudio.endpoint.openapi import openapi
from promptstudio.errors import BOUNDS
from promptstudio.values import Json
from tests.unit.endpoint.asgi import Client, ask, bundle, endpoint

CLASSIFY = """---
model: echo/echo
name: sort-mail
description: Sorts mail.
input:
  default: {tone: calm}
  schema:
    text: string
    tone: string
output:
  schema:
    label(enum): [a, b]
---
{{text}} {{tone}}
"""


def references(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref":
                yield str(member)
            else:
                yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def at(document: Json, *path: str) -> Json:
    for step in path:
        assert isinstance(document, dict)
        document = document[step]
    return document


def names(value: Json) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def test_each_prompt_has_its_own_typed_path() -> None:
    document = openapi(bundle({"sort-mail": CLASSIFY}))
    run = at(document, "paths", "/v1/prompts/sort-mail/run", "post")
    assert at(run, "operationId") == "run_sort_mail"
    assert at(run, "summary") == "Sorts mail."
    body = at(run, "requestBody", "content", "application/json", "schema")
    variables = at(body, "properties", "variables")
    assert at(variables, "properties", "text") == {"type": "string"}
    assert at(variables, "required") == ["text"], "the prompt has a default for the tone"
    assert at(body, "required") == ["variables"]
    answer = at(run, "responses", "200", "content", "application/json", "schema", "allOf")
    assert isinstance(answer, list)
    label = at(answer[1], "properties", "output", "properties", "json", "properties", "label")
    assert label == {"enum": ["a", "b"]}


def test_what_a_store_brings_is_told_of_both_ways_to_run() -> None:
    document = openapi(bundle())
    for path in ("/v1/prompts/greet/run", "/v1/responses"):
        post = at(document, "paths", path, "post")
        assert at(post, "parameters") == [{"$ref": "#/components/parameters/IdempotencyKey"}]
        assert names(at(post, "responses", "200", "headers")) == {"RateLimit-Policy", "RateLimit"}
        assert names(at(post, "responses")) == {"200", "409", "429", "503", "default"}
    key = at(document, "components", "parameters", "IdempotencyKey", "schema")
    assert at(key, "maxLength") == BOUNDS["idempotency_key_characters"]


def test_every_reference_leads_somewhere() -> None:
    document = openapi(bundle({"sort-mail": CLASSIFY}))
    found = set(references(document))
    assert found
    for reference in found:
        at(document, *reference.removeprefix("#/").split("/"))


def test_the_document_changes_with_the_bundle_alone() -> None:
    one = bundle({"sort-mail": CLASSIFY})
    assert openapi(one) == openapi(one)
    assert at(openapi(one), "info", "version") == one["hash"]
    assert openapi(one) != openapi(bundle())


async def test_the_endpoint_serves_it_at_both_paths() -> None:
    document = bundle()
    to = endpoint(document=document)
    for path in ("/v1/openapi.json", "/openapi.json"):
        assert json.loads((await ask(to, Client(path, method="GET"))).body) == openapi(document)
