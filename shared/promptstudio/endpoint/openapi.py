"""The OpenAPI 3.1 document of a bundle, each prompt's variables and output typed.

What all bundles have alike stands in openapi.json.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from promptstudio.errors import PROTOCOL
from promptstudio.prompts.bundle import DEFAULT_LABEL
from promptstudio.values import Json

_Object = dict[str, Json]

_STREAM: Final = (
    "With stream: the events start {id, prompt, version, model}, delta {text} for each piece, "
    "then done (the whole JSON answer) or error (a problem)."
)

_PARAMETERS: Final[list[Json]] = [{"$ref": "#/components/parameters/IdempotencyKey"}]
_LIMITED: Final[_Object] = {
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
}
_REFUSALS: Final[_Object] = {
    "409": {"$ref": "#/components/responses/Conflict"},
    "429": {"$ref": "#/components/responses/RateLimited"},
    "503": {"$ref": "#/components/responses/Unavailable"},
    "default": {"$ref": "#/components/responses/Problem"},
}


def openapi(bundle: Mapping[str, Json]) -> _Object:
    """The document for a compiled bundle. Prompts stand at the version that answers by default."""
    document: _Object = json.loads(Path(__file__).with_name("openapi.json").read_bytes())
    cast("_Object", document["info"])["version"] = bundle["hash"]
    prompts = cast("Mapping[str, _Object]", bundle["prompts"])
    paths = cast("dict[str, _Object]", document["paths"])
    responses = cast("_Object", paths["/v1/responses"]["post"])
    responses["requestBody"] = _json_body(PROTOCOL["bodies"]["responses"])
    for name in sorted(prompts):
        paths[f"/v1/prompts/{name}/run"] = {"post": _run(name, prompts[name])}
    return document


def _run(name: str, prompt: _Object) -> _Object:
    labels = cast("Mapping[str, int]", prompt["labels"])
    versions = cast("Mapping[str, _Object]", prompt["versions"])
    version = versions[str(labels.get(DEFAULT_LABEL, prompt["latest"]))]
    return {
        "operationId": "run_" + name.replace("-", "_"),
        "summary": version.get("description", f"Run {name}."),
        "parameters": _PARAMETERS,
        "requestBody": _json_body(_run_body(cast("_Object", version["input"]))),
        "responses": {
            "200": {
                "description": "The model's answer.",
                "headers": _LIMITED,
                "content": {
                    "application/json": {"schema": _run_answer(cast("_Object", version["output"]))},
                    "text/event-stream": {"schema": {"type": "string", "description": _STREAM}},
                },
            },
            **_REFUSALS,
        },
    }


def _run_body(input_: _Object) -> _Object:
    """The body of a run. A variable with a default on the prompt's side may be left out."""
    body = cast("_Object", PROTOCOL["bodies"]["run"])
    schema, default = cast("_Object", input_["schema"]), cast("_Object", input_["default"])
    required: list[Json] = [
        name for name in cast("list[str]", schema.get("required", [])) if name not in default
    ]
    variables = {name: member for name, member in schema.items() if name != "required"}
    if required:
        variables["required"] = required
    properties: _Object = {**cast("_Object", body["properties"]), "variables": variables}
    return {**body, "properties": properties, **({"required": ["variables"]} if required else {})}


def _run_answer(output: _Object) -> _Object:
    members: _Object = {"type": {"const": output["format"]}}
    if output["format"] == "json":
        members["json"] = output.get("schema", {})
    members["text"] = {"type": "string"}
    typed: _Object = {"type": "object", "properties": members, "required": list(members)}
    return {
        "allOf": [
            {"$ref": "#/components/schemas/Run"},
            {"type": "object", "properties": {"output": typed}, "required": ["output"]},
        ]
    }


def _json_body(schema: Json) -> _Object:
    return {"required": True, "content": {"application/json": {"schema": schema}}}
