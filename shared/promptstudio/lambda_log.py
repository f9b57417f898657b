"""What a function on Lambda tells of itself, by Powertools: its log, a line with metrics for each run, and
traces where X-Ray is on. X-Ray's SDK comes from Powertools' layer.

Behind the Web Adapter no handler is given Lambda's context. The adapter sends it along with each invocation,
as a header that takes the place of whatever a caller may have sent under that name.
"""

import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final, cast

import orjson
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.gate import ABORTED, OK, Ended
from promptstudio.endpoint.run_log import members
from promptstudio.values import Json

if TYPE_CHECKING:
    from aws_lambda_powertools.tracing import Tracer

_CONTEXT: Final = b"x-amzn-lambda-context"
_TRACE: Final = "_X_AMZN_TRACE_ID"  # where Lambda's runtimes have it, and where Powertools and X-Ray look
_XRAY: Final = "PROMPTSTUDIO_XRAY"
_INITIALIZATION: Final = "AWS_LAMBDA_INITIALIZATION_TYPE"
_NAMESPACE: Final = "PromptStudio"
_UNITS: Final = {"duration_ms": "Milliseconds", "input_tokens": "Count", "output_tokens": "Count"}


def open_log() -> Logger:
    """Powertools' logger, with the lines of every other, from INFO on, going where its own go."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # Lambda stops the process between two requests
    log = Logger(name="%(name)s", utc=True, use_rfc3339=True)
    logging.getLogger(log.service).propagate = False
    root = logging.getLogger()
    root.addHandler(log.registered_handler)
    root.setLevel(log.log_level)
    return log


def open_tracer(environ: Mapping[str, str]) -> "Tracer | None":
    """Powertools' tracer, where PROMPTSTUDIO_XRAY is on."""
    if environ.get(_XRAY) != "on":
        return None
    from aws_lambda_powertools.tracing import Tracer  # late: it takes longer than all the rest of a start

    return Tracer(auto_patch=False)


class Invocations:
    """An ASGI application around the endpoint's. What is logged for a request tells of its invocation."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        log: Logger,
        tracer: "Tracer | None" = None,
        environ: MutableMapping[str, str] = os.environ,
    ) -> None:
        self._app = app
        self._log = log
        self._tracer = tracer
        self._environ = environ
        self._is_cold = environ.get(_INITIALIZATION) != "provisioned-concurrency"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        header = next((value for name, value in scope["headers"] if name == _CONTEXT), None)
        if header is None:  # the adapter asks whether we are up, or this is not Lambda
            await self._app(scope, receive, send)
            return
        is_cold, self._is_cold = self._is_cold, False
        self._note(_context(header), is_cold)
        if self._tracer is None:
            await self._app(scope, receive, send)
            return
        async with self._tracer.provider.in_subsegment_async("## endpoint") as subsegment:
            subsegment.put_annotation("ColdStart", is_cold)
            await self._app(scope, receive, send)

    def _note(self, context: Mapping[str, Json], is_cold: bool) -> None:
        self._log.thread_safe_append_keys(function_request_id=context.get("request_id"), cold_start=is_cold)
        trace = context.get("xray_trace_id")
        self._environ[_TRACE] = trace if isinstance(trace, str) else ""  # a sandbox has one request at a time


def _context(header: bytes) -> Mapping[str, Json]:
    try:
        context = orjson.loads(header)
    except orjson.JSONDecodeError:
        return {}
    return context if isinstance(context, dict) else {}


class RunMetrics:
    """Writes a line for each run, as RunLog does, from which CloudWatch takes metrics: by service, which is
    what Powertools calls the stack, and by service and prompt. Where there is a tracer, the run's trace tells
    the same."""

    def __init__(self, log: Logger, tracer: "Tracer | None" = None) -> None:
        self._log = log
        self._tracer = tracer
        self._metrics = EphemeralMetrics(namespace=_NAMESPACE, service=log.service)

    async def record(self, ended: Ended) -> None:
        line = members(ended)
        if self._tracer is not None:
            self._tracer.put_annotation("prompt", ended.run.prompt)
            self._tracer.put_annotation("code", ended.code)
            self._tracer.put_metadata("run", line)
        self._measure(line, failed=ended.code not in (OK, ABORTED))

    def _measure(self, line: dict[str, Json], *, failed: bool) -> None:
        metrics = self._metrics
        metrics.add_metric("runs", "Count", 1)
        metrics.add_metric("failures", "Count", int(failed))
        for name, unit in _UNITS.items():
            if name in line:
                metrics.add_metric(name, unit, cast("float", line[name]))
        metrics.add_dimensions(service=self._log.service, prompt=str(line["prompt"]))
        told = {"level": "WARNING" if failed else "INFO", "message": "run", **line}
        for name, value in {**told, **self._log.thread_safe_get_current_keys()}.items():
            metrics.add_metadata(name, value)
        metrics.flush_metrics()
