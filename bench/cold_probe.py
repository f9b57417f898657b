"""One cold start inside this interpreter: import, application, first answer.

    python -P cold_probe.py event    the baseline's handler, given an event of API Gateway
    python -P cold_probe.py asgi     a generated project's `main:app`, asked for the run in COLD_RUN

Prints as its last line what bench/coldstart.py reads; clocks are the machine's monotonic one, in nanoseconds.
"""

import time

BEGAN = time.monotonic_ns()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/hello",
    "rawQueryString": "",
    "headers": {"host": "api.example", "accept": "*/*", "x-forwarded-for": "192.0.2.1"},
    "requestContext": {
        "accountId": "1",
        "apiId": "api",
        "domainName": "api.example",
        "http": {"method": "GET", "path": "/hello", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        "requestId": "request",
        "stage": "$default",
        "timeEpoch": 1767225600000,
    },
    "isBase64Encoded": False,
}


def answer_event() -> None:
    from mangum_hello import handler  # type: ignore[import-not-found] # beside the packages

    answer = handler(EVENT, None)
    assert (answer["statusCode"], answer["body"]) == (200, '{"hello":"world"}'), answer


def answer_run() -> None:
    import asyncio

    from main import app  # type: ignore[import-not-found] # the project's

    run = json.loads(os.environ["COLD_RUN"])
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": run["body"].encode(), "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": run["path"],
        "raw_path": run["path"].encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in run["headers"].items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 200, sent


def main() -> None:
    {"event": answer_event, "asgi": answer_run}[sys.argv[1]]()
    answered = time.monotonic_ns()
    figures = {
        "began": BEGAN,
        "answered": answered,
        "cpu": time.process_time_ns(),
        "modules": len(sys.modules),
    }
    print(json.dumps(figures), flush=True)


main()
