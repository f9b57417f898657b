"""Texts and bodies of case files: strings, lines, repetitions, bytes, JSON, frames."""

import base64
import json
from typing import Final, cast

from promptstudio.values import Json

_BODIES: Final = ("json", "body", "events", "sse", "includes")


def compact(value: Json) -> bytes:
    """JSON without spaces, members in the order of the file."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def text(value: Json) -> bytes:
    """A text of the format: a string, a list of lines, or one of {repeat, times}, {base64}, {concat}."""
    match value:
        case str():
            return value.encode()
        case list():
            return b"\n".join(text(line) for line in value)
        case {"repeat": piece, "times": int(times), **rest} if not rest:
            return text(piece) * times
        case {"base64": str(encoded), **rest} if not rest:
            return base64.b64decode(encoded, validate=True)
        case {"concat": list(pieces), **rest} if not rest:
            return b"".join(text(piece) for piece in pieces)
        case _:
            message = f"{compact(value).decode():.80} is not a text"
            raise ValueError(message)


def body(raw: dict[str, Json]) -> bytes | None:
    """The bytes of whichever form of body there is; raises ValueError if there are two."""
    forms = [form for form in _BODIES if form in raw]
    if len(forms) > 1:
        message = f"{' and '.join(forms)} exclude each other"
        raise ValueError(message)
    if "json" in raw:
        return compact(raw["json"])
    if "sse" in raw:
        return b"".join(_frame(*frame) for frame in cast("list[list[Json]]", raw["sse"]))
    return text(raw["body"]) if "body" in raw else None


def _frame(event: Json, data: Json) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (text(event), compact(data))
