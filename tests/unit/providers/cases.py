"""The fixtures, which the tests of both runtimes read. A folder an API:

requests.json   name -> call, and what is sent for it (path, headers, body) or the problem
expected.json   file -> what is read from it: an answer, or a stream's deltas and its end, or the problem
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptstudio.messages import Media, Message, Part, Section, Text
from promptstudio.providers.base import Call, OutputFormat, Provider, Setup, Usage

FOLDER = Path(__file__).parent / "fixtures"
APIS = ("openai", "openai-chat", "anthropic", "echo")


@dataclass(frozen=True)
class Case:
    api: str
    name: str
    row: dict[str, Any]

    @property
    def data(self) -> bytes:
        """The file that an expectation is about."""
        return (FOLDER / self.api / self.name).read_bytes()

    def __str__(self) -> str:
        return f"{self.api}: {self.name}"


def request_cases() -> list[Case]:
    return list(_cases("requests.json"))


def answer_cases() -> list[Case]:
    return [case for case in _cases("expected.json") if not case.name.endswith(".sse")]


def stream_cases() -> list[Case]:
    return [case for case in _cases("expected.json") if case.name.endswith(".sse")]


def _cases(file: str) -> Iterator[Case]:
    for api in APIS:
        path = FOLDER / api / file
        if path.exists():
            for name, row in json.loads(path.read_text(encoding="utf-8")).items():
                yield Case(api, name, row)


def provider(api: str) -> Provider:
    return Provider("acme", api, "https://models.example/v1", "ACME_KEY")


def call_of(row: dict[str, Any]) -> Call:
    output = row["output"]
    return Call(
        Setup(
            provider=provider(row["type"]),
            model=row["model"],
            config=row["config"],
            output=OutputFormat(
                output["format"], output.get("schema"), output.get("wire_schema"), output.get("strict", False)
            ),
            output_name=row.get("name", "output"),
        ),
        messages=[_message(message) for message in row["messages"]],
        stream=row["stream"],
        user=row.get("user"),
    )


def _message(row: dict[str, Any]) -> Message:
    return Message(row["role"], tuple(_part(part) for part in row["content"]))


def _part(row: dict[str, Any]) -> Part:
    if "media" in row:
        return Media(row["media"]["url"], row["media"].get("content_type"))
    return Section(row["section"]) if "section" in row else Text(row["text"])


def usage_of(row: dict[str, int] | None) -> Usage | None:
    return None if row is None else Usage(**row)
