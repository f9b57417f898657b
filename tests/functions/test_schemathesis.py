"""The whole API against its description: what schemathesis makes up for each call, and in which order."""

import asyncio
import importlib
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Api:
    """The API at `url`, with what is on the ground, and its description as schemathesis reads it."""

    url: str
    loop: asyncio.AbstractEventLoop
    ground: Ground
    schema: Any
    checks: tuple[Any, ...]

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[None]:
        """As it was built, for whatever happens to it."""
        copy = self.ground.copy(folder)
        self._run(copy.__aenter__())
        try:
            yield
        finally:
            self._run(copy.__aexit__(None, None, None))

    def _run(self, call: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(call, self.loop).result(PATIENCE_S)

    def judge(self, case: Any, who: str) -> int:
        """Send a case as somebody, and hold the answer against the description. Returns its status."""
        headers = dict(self.ground.mine.actors[who])
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=self.checks, headers=headers)
        return int(answer.status_code)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    ground = asyncio.run(build(tmp_path_factory.mktemp("ground")))
    config = uvicorn.Config(ground.app, log_config=None, access_log=False, lifespan="off")
    with socket.create_server(("127.0.0.1", 0)) as listener, listening(config, listener) as loop:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Api(url, loop, ground, *_read(url + "/api/openapi.json"))


def _read(url: str) -> tuple[Any, tuple[Any, ...]]:
    """A description, and the checks."""
    schemathesis: Any = importlib.import_module("schemathesis")
    checks: Any = importlib.import_module("schemathesis.checks")
    checks.load_all_checks()
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_url(url, config=config)
    return schema, tuple(checks.CHECKS.get_one(name) for name in CHECKS)


def named(row: Row) -> str:
    return " ".join(row.route)


@pytest.mark.parametrize("who", ["owner", "admin key"])
@pytest.mark.parametrize("row", DESCRIBED, ids=named)
def test_no_answer_is_other_than_described(api: Api, tmp_path: Path, row: Row, who: str) -> None:
    """Neither to what the matrix sends, nor to what schemathesis makes up, half of it about what there is."""
    method, path = row.route
    operation = api.schema[path][method]
    ids = {name: api.ground.mine.ids[kind] for name, kind in parameters(path).items()}

    @SETTINGS
    @given(case=operation.as_strategy(), is_there=st.booleans())
    def judge(case: Any, is_there: bool) -> None:
        if is_there:
            case.headers["If-Match"] = "*"
            case.path_parameters = dict(ids)
        api.judge(case, who)

    with api.fresh(tmp_path):
        sent = call(row.route, api.ground.mine)
        body = {"body": sent["json"], "media_type": "application/json"} if "json" in sent else {}
        first = operation.Case(
            path_parameters=dict(ids), query=sent.get("params", {}), headers={"If-Match": "*"}, **body
        )
        status = api.judge(first, who)
        if not row.public:
            assert status == row.statuses[who]
    with api.fresh(tmp_path):
        judge()


def test_what_one_answer_names_the_next_call_may_use(api: Api, tmp_path: Path) -> None:
    """Calls one after the other, by the links that schemathesis finds between the operations."""
    machine: Any = api.schema.as_state_machine()

    class Calls(machine):  # type: ignore[misc] # what is made at run time has no type
        def setup(self) -> None:
            super().setup()
            self.kept = api.fresh(tmp_path)
            self.kept.__enter__()

        def teardown(self) -> None:
            self.kept.__exit__(None, None, None)
            super().teardown()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": dict(api.ground.mine.actors["admin key"])}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            headers = dict(api.ground.mine.actors["admin key"])
            case.validate_response(response, checks=api.checks, headers=headers)

    Calls.run(settings=SETTINGS)
