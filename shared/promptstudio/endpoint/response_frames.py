"""What OpenAI's Responses API answers: the response object, and the events that stream it."""

import time
from typing import Final, cast

import orjson

from promptstudio.endpoint.responses import ResponsesRequest, error_members
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.errors import AppError
from promptstudio.providers.base import OutputFormat, Usage
from promptstudio.sse import encode
from promptstudio.values import Json, dumps, loads

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
    response["output"] = [_item(_item_id(run), str(response["status"]), [_part(outcome.text)])]
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


def _item_id(run: Run) -> str:
    return "msg_" + run.id


def _item(item_id: str, status: str, content: list[Json]) -> _Object:
    return {
        "id": item_id,
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


class _Events:
    """The events of one response, numbered from 0."""

    __slots__ = ("_item_id", "_sequence", "_where")

    def __init__(self, item_id: str) -> None:
        self._item_id = item_id
        self._sequence = 0
        self._where = b'"item_id":"%b","output_index":0,"content_index":0,' % item_id.encode()

    def begun(self, response: _Object) -> bytes:
        """The events before the text: the response is in progress."""
        item = _item(self._item_id, "in_progress", [])
        return b"".join(
            (
                self.event("response.created", {"response": response}),
                self.event("response.in_progress", {"response": response}),
                self.event("response.output_item.added", {"output_index": 0, "item": item}),
                self.event("response.content_part.added", {**self._place(), "part": _part("")}),
            )
        )

    def delta(self, text: str) -> bytes:
        self._sequence += 1
        return (
            b"event: response.output_text.delta\n"
            b'data: {"type":"response.output_text.delta","sequence_number":%d,%b"delta":%b,"logprobs":[]}\n\n'
        ) % (self._sequence - 1, self._where, orjson.dumps(text))

    def concluded(self, response: _Object) -> bytes:
        """The events behind the text: the response is whole."""
        item, part = _told(response)
        text: _Object = {**self._place(), "text": part["text"], "logprobs": []}
        return b"".join(
            (
                self.event("response.output_text.done", text),
                self.event("response.content_part.done", {**self._place(), "part": part}),
                self.event("response.output_item.done", {"output_index": 0, "item": item}),
                self.event(f"response.{response['status']}", {"response": response}),
            )
        )

    def event(self, kind: str, members: _Object) -> bytes:
        data = dumps({"type": kind, "sequence_number": self._sequence, **members})
        self._sequence += 1
        return encode(kind, data.encode())

    def _place(self) -> _Object:
        return {"item_id": self._item_id, "output_index": 0, "content_index": 0}


def _told(response: _Object) -> tuple[_Object, _Object]:
    """The one item of a response that is whole, and the item's one part."""
    (item,) = cast("list[_Object]", response["output"])
    (part,) = cast("list[_Object]", item["content"])
    return item, part


class ResponseFrames(_Events):
    """How a response is told, whole or as a stream."""

    __slots__ = ("_created_at", "_request", "_run")

    def __init__(self, run: Run, request: ResponsesRequest) -> None:
        super().__init__(_item_id(run))
        self._run = run
        self._request = request
        self._created_at = int(time.time())

    def start(self) -> bytes:
        return self.begun(_response(self._run, self._request, "in_progress", self._created_at))

    def done(self, outcome: Outcome) -> bytes:
        return self.concluded(_concluded(self._run, self._request, outcome, self._created_at))

    def body(self, outcome: Outcome) -> bytes:
        return dumps(_concluded(self._run, self._request, outcome, self._created_at)).encode()

    def replay(self, body: bytes) -> bytes:
        response = cast("_Object", loads(body))
        item, part = _told(response)
        text = cast("str", part["text"])
        begun: _Object = {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
        events = _Events(cast("str", item["id"]))
        return b"".join(
            (
                events.begun({**response, **begun}),
                events.delta(text) if text else b"",
                events.concluded(response),
            )
        )

    def error(self, error: AppError) -> bytes:
        response = _response(self._run, self._request, "failed", self._created_at)
        # OpenAI's own list of codes has no other that fits: typed clients know no more.
        response["error"] = {"code": "server_error", "message": str(error_members(error)["message"])}
        return self.event("response.failed", {"response": response})
