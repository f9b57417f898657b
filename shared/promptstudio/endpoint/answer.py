"""What a run answers: one JSON body, or the frames of an event stream."""

from functools import lru_cache

import orjson

from promptstudio.endpoint.problems import problem_body
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.errors import AppError
from promptstudio.values import dumps

CONTENT_TYPE = b"application/json"


@lru_cache(maxsize=4096)
def _identity(prompt: str, version: int, model: str) -> bytes:
    """The members that every run of a version has alike."""
    members = orjson.dumps({"prompt": prompt, "version": version, "model": model})
    return members[1:-1]


def _head(run: Run) -> bytes:
    version = run.version
    return b'{"id":"run_%b",%b' % (run.id.encode(), _identity(run.prompt, version.number, version.model))


def run_body(run: Run, outcome: Outcome) -> bytes:
    """The body of a 200, its members in the protocol's order."""
    text = orjson.dumps(outcome.text)
    if run.version.setup.output.format == "json":
        output = b'"type":"json","json":%b,"text":%b' % (dumps(outcome.json).encode(), text)
    else:
        output = b'"type":"text","text":' + text
    usage, cost = outcome.usage, outcome.cost_usd
    return (
        b'%b,"output":{%b},"finish_reason":"%b",'
        b'"usage":{"input_tokens":%d,"output_tokens":%d,"cached_tokens":%d},'
        b'"cost_usd":%b,"cache":{"status":"%b"%b}}'
    ) % (
        _head(run),
        output,
        outcome.finish_reason.encode(),
        usage.input,
        usage.output,
        usage.cached,
        b"null" if cost is None else b'"%b"' % cost.encode(),
        run.cache.encode(),
        b"" if run.age_s is None else b',"age_s":%d' % run.age_s,
    )


class RunFrames:
    """The frames of a streamed run: `start`, `delta`…, then `done` or `error`."""

    __slots__ = ("_request_id", "_run")

    def __init__(self, run: Run, request_id: str) -> None:
        self._run = run
        self._request_id = request_id

    def start(self) -> bytes:
        return b"event: start\ndata: %b}\n\n" % _head(self._run)

    def delta(self, text: str) -> bytes:
        return b'event: delta\ndata: {"text":%b}\n\n' % orjson.dumps(text)

    def done(self, outcome: Outcome) -> bytes:
        return b"event: done\ndata: %b\n\n" % run_body(self._run, outcome)

    def body(self, outcome: Outcome) -> bytes:
        return run_body(self._run, outcome)

    def replay(self, body: bytes) -> bytes:
        told = orjson.loads(body)
        start = orjson.dumps({name: told[name] for name in ("id", "prompt", "version", "model")})
        text = told["output"]["text"]
        return b"event: start\ndata: %b\n\n%bevent: done\ndata: %b\n\n" % (
            start,
            self.delta(text) if text else b"",
            body,
        )

    def error(self, error: AppError) -> bytes:
        return b"event: error\ndata: %b\n\n" % problem_body(error, self._request_id)
