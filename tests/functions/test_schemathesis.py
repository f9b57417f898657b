"""The whole API against its description: what schemathesis makes up for each call, and in which order."""

import asyncio
import importlib
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.functions.serving import PATIENCE_S, listening
from tests.security.building import build
from tests.security.ground import Ground, parameters
from tests.security.matrix import ROWS, Row, call

pytestmark = pytest.mark.needs("schemathesis")

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "negative_data_rejection"),
    *("missing_required_header", "unsupported_method", "allow_header_conformance", "ignored_auth"),
    *("use_after_free",),
)
DESCRIBED = [row for row in ROWS if row.route != ("GET", "/sign-in")]

SETTINGS = settings(
    max_examples=40,
    stateful_step_count=12,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),  # what is kept in the store makes shorter examples mean something else
    suppress_health_check=list(HealthCheck),
)


@dataclass(slots=True)
class Current:
    """The application that is served at the moment."""

    app: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Server:
    """What is on the ground, served at `url`."""

    url: str
    loop: asyncio.AbstractEventLoop
    ground: Ground
    current: Current

    @contextmanager
    def fresh(self, folder: Path, *, v1: bool = False) -> Iterator[None]:
        """As it was built, for whatever happens to it."""
        copy = self.ground.copy(folder, v1=v1)
        self.current.app = self._run(copy.__aenter__()).app
        try:
            yield
        finally:
            self._run(copy.__aexit__(None, None, None))

    def _run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result(PATIENCE_S)

    def described(self, path: str, who: str) -> Any:
        """The description at a path, as schemathesis reads it."""
        schemathesis: Any = importlib.import_module("schemathesis")
        config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
        headers = dict(self.ground.mine.actors[who])
        return schemathesis.openapi.from_url(self.url + path, config=config, headers=headers)

    def judge(self, case: Any, who: str) -> int:
        """Send a case as somebody, and hold the answer against the description. Returns its status."""
        headers = dict(self.ground.mine.actors[who])
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=checks(), headers=headers)
        return int(answer.status_code)


@cache
def checks() -> list[Any]:
    found: Any = importlib.import_module("schemathesis.checks")
    found.load_all_checks()
    return [found.CHECKS.get_one(name) for name in CHECKS]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    ground = asyncio.run(build(tmp_path_factory.mktemp("ground")))
    current = Current(ground.app)
    config = uvicorn.Config(current, interface="asgi3", log_config=None, access_log=False, lifespan="off")
    with socket.create_server(("127.0.0.1", 0)) as listener, listening(config, listener) as loop:
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", loop, ground, current)


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    return server.described("/api/openapi.json", "owner")


def named(row: Row) -> str:
    return " ".join(row.route)


@pytest.mark.parametrize("who", ["owner", "admin key"])
@pytest.mark.parametrize("row", DESCRIBED, ids=named)
def test_no_answer_is_other_than_described(
    server: Server, schema: Any, tmp_path: Path, row: Row, who: str
) -> None:
    """Neither to what the matrix sends, nor to what schemathesis makes up, half of it about what there is."""
    method, path = row.route
    operation = schema[path][method]
    ids = {name: server.ground.mine.ids[kind] for name, kind in parameters(path).items()}

    @SETTINGS
    @given(case=operation.as_strategy(), is_there=st.booleans())
    def judge(case: Any, is_there: bool) -> None:
        if is_there:
            case.headers["If-Match"] = "*"
            case.path_parameters = dict(ids)
        server.judge(case, who)

    with server.fresh(tmp_path):
        sent = call(row.route, server.ground.mine)
        body = {"body": sent["json"], "media_type": "application/json"} if "json" in sent else {}
        first = operation.Case(
            path_parameters=dict(ids), query=sent.get("params", {}), headers={"If-Match": "*"}, **body
        )
        status = server.judge(first, who)
        if not row.public:
            assert status == row.statuses[who]
    with server.fresh(tmp_path):
        judge()


def test_what_one_answer_names_the_next_call_may_use(server: Server, schema: Any, tmp_path: Path) -> None:
    """Calls one after the other, by the links that schemathesis finds between the operations."""
    machine: Any = schema.as_state_machine()

    class Calls(machine):  # type: ignore[misc] # what is made at run time has no type
        def setup(self) -> None:
            super().setup()
            self.kept = server.fresh(tmp_path)
            self.kept.__enter__()

        def teardown(self) -> None:
            self.kept.__exit__(None, None, None)
            super().teardown()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": dict(server.ground.mine.actors["admin key"])}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            headers = dict(server.ground.mine.actors["admin key"])
            case.validate_response(response, checks=checks(), headers=headers)

    Calls.run(settings=SETTINGS)


# What our document says of a stream is said of all its text; schemathesis takes it as said of each event.
OF_WHOLE_STREAMS = "response_schema_conformance"


def test_what_is_published_answers_as_described(server: Server, tmp_path: Path) -> None:
    """/v1 of the platform, with the description that it gives of the workspace's prompts."""
    with server.fresh(tmp_path, v1=True):
        headers = dict(server.ground.mine.actors["run key"])
        for found in server.described("/v1/openapi.json", "run key").get_all_operations():

            @SETTINGS
            @given(case=found.ok().as_strategy())
            def judge(case: Any) -> None:
                answer = case.call(headers=headers)
                streams = "text/event-stream" in answer.headers["content-type"]
                left_out = [check for check in checks() if streams and check.__name__ == OF_WHOLE_STREAMS]
                case.validate_response(answer, checks=checks(), excluded_checks=left_out, headers=headers)

            judge()
