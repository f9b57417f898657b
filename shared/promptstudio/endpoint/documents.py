"""The documents that an endpoint tells about itself, written once for each bundle."""

from collections.abc import Mapping
from typing import ClassVar

import orjson

from promptstudio.endpoint.openapi import openapi
from promptstudio.prompts.bundle import Bundle, Prompt
from promptstudio.values import Json, dumps


class Documents:
    """What GET answers, by path. Each is made when it is first asked for."""

    PATHS: ClassVar = frozenset({"/health", "/v1/prompts", "/v1/openapi.json", "/openapi.json"})

    def __init__(self, document: Mapping[str, Json], bundle: Bundle) -> None:
        self._document = document
        self._bundle = bundle
        self._written: dict[str, bytes] = {}

    def at(self, path: str) -> bytes:
        """The document at one of PATHS, as JSON in UTF-8."""
        if path not in self._written:
            self._written[path] = self._write(path)
        return self._written[path]

    def _write(self, path: str) -> bytes:
        if path == "/health":
            return orjson.dumps({"status": "ok", "bundle": self._bundle.hash})
        if path == "/v1/prompts":
            prompts = self._bundle.prompts
            return dumps({"prompts": [_described(prompts[name]) for name in sorted(prompts)]}).encode()
        return dumps(openapi(self._document)).encode()


def _described(prompt: Prompt) -> dict[str, Json]:
    version = prompt.default
    row: dict[str, Json] = {"name": prompt.name, "version": version.number}
    if version.description is not None:
        row["description"] = version.description
    row["variables"] = dict(version.schema)
    output: dict[str, Json] = {"type": version.setup.output.format}
    if version.setup.output.schema is not None:
        output["schema"] = dict(version.setup.output.schema)
    row["output"] = output
    return row
