"""The worker beside the local server."""

import asyncio
from pathlib import Path

import pytest

from promptstudio.outbound import Guard
from promptstudio.storage.port import Put
from promptstudio.webhooks.outbox import outbox_put
from promptstudio.webhooks.records import State
from promptstudio.webhooks.sender import Sender
from promptstudio.webhooks.signing import is_genuine, new_secret
from promptstudio_functions.local_app import create_app
from promptstudio_functions.local_platform import open_store
from promptstudio_functions.local_work import LocalWork
from tests.functions.serving import write_project
from tests.webhooks.ground import WORKSPACE, add_endpoint, deliveries
from tests.webhooks.receiver import receiving


async def test_the_local_server_delivers_events_and_ends_with_what_it_began(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"greet": "---\nmodel: echo/echo\n---\nHi."})
    url, secret = "http://127.0.0.1:8787", new_secret()
    lines: list[str] = []
    app = create_app(root, data=tmp_path / "data", environ={}, report=lines.append, dev=True, address=url)
    await app.start()
    assert app._api is not None
    services = app._api.services
    async with receiving() as receiver:
        endpoint = await add_endpoint(
            services.store, 1, receiver.url, secret, events=("label.moved",), sealer=services.sealer
        )
        now = services.now()
        event = outbox_put(services.store, WORKSPACE, "label.moved", {}, now)
        await services.store.transact([Put(WORKSPACE, "change", {}), event])
        async with asyncio.timeout(30):
            await receiver.called.wait()
        await app.close()
        (call,) = receiver.calls
    assert is_genuine(secret, call.headers, call.body, now)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "local-work"]
    store = open_store(tmp_path / "data")
    (delivery,) = await deliveries(store, endpoint)
    assert delivery.state == State.delivered  # what was under way at the end was kept
    await store.close()


async def test_connections_are_let_go_also_where_the_work_ended_with_an_error() -> None:
    closed = asyncio.Event()

    class Watched(Sender):
        async def close(self) -> None:
            closed.set()
            await super().close()

    async def broken() -> None:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError):
        await LocalWork(asyncio.create_task(broken()), asyncio.Event(), Watched(Guard())).close()
    assert closed.is_set()
