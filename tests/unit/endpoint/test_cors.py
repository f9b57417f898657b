from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import JSON, Answer, Client, ask, endpoint

RUN = "/v1/prompts/greet/run"
ORIGIN = "https://app.example"


async def preflight(origin: str, *, origins: tuple[str, ...] = (ORIGIN,), path: str = RUN) -> Answer:
    headers = [(b"origin", origin.encode()), (b"access-control-request-method", b"POST")]
    to = endpoint(settings=Settings(cors_origins=origins))
    return await ask(to, Client(path, method="OPTIONS", headers=headers))


async def run_from(origin: str, *, origins: tuple[str, ...] = (ORIGIN,)) -> Answer:
    to = endpoint(settings=Settings(cors_origins=origins))
    headers = [JSON, (b"origin", origin.encode())]
    return await ask(to, Client(RUN, {"variables": {"name": "Ada"}}, headers=headers))


async def test_a_configured_origin_may_send_what_it_asks_for() -> None:
    answer = await preflight(ORIGIN)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "Authorization, *"
    assert answer.body == b""


async def test_another_origin_gets_no_leave() -> None:
    answer = await preflight("https://evil.example")
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_without_configured_origins_there_is_no_preflight() -> None:
    answer = await preflight(ORIGIN, origins=())
    assert answer.status == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_preflight_for_no_path_is_not_found() -> None:
    assert (await preflight(ORIGIN, path="/nowhere")).status == 404


async def test_a_configured_origin_may_read_answers_and_errors() -> None:
    answer = await run_from(ORIGIN)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    to = endpoint(settings=Settings(cors_origins=(ORIGIN,)))
    refusal = await ask(to, Client(RUN, {}, headers=[JSON, (b"origin", ORIGIN.encode())]))
    assert refusal.status == 422
    assert refusal.headers["access-control-allow-origin"] == ORIGIN


async def test_answers_vary_by_origin_where_origins_are_configured() -> None:
    answer = await run_from("https://evil.example")
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_star_lets_every_origin_in() -> None:
    answer = await run_from("https://anybody.example", origins=("*",))
    assert answer.headers["access-control-allow-origin"] == "https://anybody.example"
