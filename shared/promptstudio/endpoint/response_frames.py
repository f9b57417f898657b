"""What OpenAI's Responses API answers: the response object, and the events that stream it."""

import time
from typing import Final

import orjson

from promptstudio.endpoint.responses import ResponsesRequest, error_members
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.errors import AppError
from promptstudio.providers.base import OutputFormat, Usage
from promptstudio.sse import encode
from promptstudio.values import Json, dumps

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}

_Object = dict[str, Json]


def response_body(run: Run, request: ResponsesRequest, outcome: Outcome) -> bytes:
    """The body of a 200."""
    return dumps(_concluded(run, request, outcome, int(time.time()))).encode()


def _concluded(run: Run, request: ResponsesRequest, outcome: Outcome, created_at: int) -> _Object:
    reason = _INCOMPLETE.get(outcome.finish_reason)
    response = _response(run, request, "incomplete" if reason else "completed", created_at)
    if reason:
        response["incomplete_details"] = {"reason": reason}
    response["output"] = [_item(run, str(response["status"]), [_part(outcome.text)])]
    response["usage"] = _usage(outcome.usage)
    return response


def _response(run: Run, request: ResponsesRequest, status: str, created_at: int) -> _Object:
    """A response object without output."""
    version, config = run.version, run.version.setup.config
    prompt: _Object = {
        "id": request.prompt,
        "version": str(version.number),
        "variables": dict(request.variables),
    }
    return {
        "id": "resp_" + run.id,
        "object": "response",
        "created_at": created_at,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": config.get("max_tokens"),
        "metadata": dict(request.metadata),
        "model": version.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt": prompt,
        "reasoning": {"effort": config.get("reasoning_effort"), "summary": None},
        "store": False,
        "temperature": config.get("temperature"),
        "text": {"format": _format(version.setup.output, request.output_name)},
        "tool_choice": "auto",
        "tools": [],
        "top_p": config.get("top_p"),
        "truncation": "disabled",
        "usage": None,
        "user": request.user,
    }


def _format(output: OutputFormat, name: str) -> _Object:
    if output.format == "text":
        return {"type": "text"}
    schema = output.schema if output.wire_schema is None else output.wire_schema
    if schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": name, "schema": dict(schema), "strict": output.strict}


def _item(run: Run, status: str, content: list[Json]) -> _Object:
    return {
        "id": "msg_" + run.id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def _part(text: str) -> _Object:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(usage: Usage) -> _Object:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input + usage.output,
    }


class ResponseFrames:
    """The events of a streamed response, numbered from 0."""

    __slots__ = ("_created_at", "_request", "_run", "_sequence", "_where")

    def __init__(self, run: Run, request: ResponsesRequest) -> None:
        self._run = run
        self._request = request
        self._created_at = int(time.time())
        self._sequence = 0
        self._where = b'"item_id":"msg_%b","output_index":0,"content_index":0,' % run.id.encode()

    def start(self) -> bytes:
        response = _response(self._run, self._request, "in_progress", self._created_at)
        item = _item(self._run, "in_progress", [])
        return b"".join(
            (
                self._event("response.created", {"response": response}),
                self._event("response.in_progress", {"response": response}),
                self._event("response.output_item.added", {"output_index": 0, "item": item}),
                self._event("response.content_part.added", {**self._place(), "part": _part("")}),
            )
        )

    def delta(self, text: str) -> bytes:
        self._sequence += 1
        return (
            b"event: response.output_text.delta\n"
            b'data: {"type":"response.output_text.delta","sequence_number":%d,%b"delta":%b,"logprobs":[]}\n\n'
        ) % (self._sequence - 1, self._where, orjson.dumps(text))

    def done(self, outcome: Outcome) -> bytes:
        response = _concluded(self._run, self._request, outcome, self._created_at)
        status = str(response["status"])
        part = _part(outcome.text)
        item = _item(self._run, status, [part])
        text: _Object = {**self._place(), "text": outcome.text, "logprobs": []}
        return b"".join(
            (
                self._event("response.output_text.done", text),
                self._event("response.content_part.done", {**self._place(), "part": part}),
                self._event("response.output_item.done", {"output_index": 0, "item": item}),
                self._event(f"response.{status}", {"response": response}),
            )
        )

    def error(self, error: AppError) -> bytes:
        response = _response(self._run, self._request, "failed", self._created_at)
        # OpenAI's own list of codes has no other that fits: typed clients know no more.
        response["error"] = {"code": "server_error", "message": str(error_members(error)["message"])}
        return self._event("response.failed", {"response": response})

    def _place(self) -> _Object:
        return {"item_id": "msg_" + self._run.id, "output_index": 0, "content_index": 0}

    def _event(self, kind: str, members: _Object) -> bytes:
        data = dumps({"type": kind, "sequence_number": self._sequence, **members})
        self._sequence += 1
        return encode(kind, data.encode())
