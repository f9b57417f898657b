import asyncio

import pytest

from tests.unit.endpoint.asgi import COMPLETED, Client, ScriptedTransport, ask, delta, endpoint

RUN = "/v1/prompts/greet/run"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_the_call_to_the_model(stream: bool) -> None:
    transport = ScriptedTransport(delta("Hel"), None, COMPLETED)
    client = Client(RUN, {"variables": {"name": "Ada"}, "stream": stream})
    task = asyncio.create_task(ask(endpoint(transport), client))
    await transport.waiting.wait()
    client.leave()
    async with asyncio.timeout(5):
        answer = await task
    assert transport.cancelled
    assert not answer.complete


async def test_a_client_that_leaves_within_its_body_is_forgotten() -> None:
    transport = ScriptedTransport()
    client = Client(RUN, chunks=[])
    client.leave()
    answer = await ask(endpoint(transport), client)
    assert answer.status == 0
    assert transport.requests == []


async def test_a_client_that_stays_leaves_no_task_behind() -> None:
    transport = ScriptedTransport(delta("Hel"), None, COMPLETED)
    client = Client(RUN, {"variables": {"name": "Ada"}, "stream": True})
    task = asyncio.create_task(ask(endpoint(transport), client))
    await transport.waiting.wait()
    await client.watched.wait()
    transport.go_on.set()
    await task
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_model_that_answers_at_once_costs_no_watcher() -> None:
    client = Client(RUN, {"variables": {"name": "Ada"}})
    await ask(endpoint(), client)
    assert not client.watched.is_set()


async def test_each_of_many_clients_is_watched() -> None:
    to = endpoint(ScriptedTransport(None))
    clients = [Client(RUN, {"variables": {"name": "Ada"}}) for _ in range(3)]
    tasks = [asyncio.create_task(ask(to, client)) for client in clients]
    for client in reversed(clients):
        await client.watched.wait()
        client.leave()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert not any(client.answer.complete for client in clients)


async def test_a_server_that_shuts_down_is_not_taken_for_a_client_that_left() -> None:
    transport = ScriptedTransport(None)
    task = asyncio.create_task(ask(endpoint(transport), Client(RUN, {"variables": {"name": "Ada"}})))
    await transport.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.cancelled
