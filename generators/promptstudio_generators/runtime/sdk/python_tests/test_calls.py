"""Every prompt is called as its README says, by every client of the package, at an endpoint on this machine.

python -m unittest discover -s tests
"""

import asyncio
import copy
import inspect
import json
import os
import pickle
import sys
import unittest
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from unittest import mock

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from endpoint import Answer, Endpoint, Received, answer_of, problem, streamed, whole  # noqa: E402

DATA: Final = json.loads((HERE / "prompts.json").read_text("utf-8"))
PACKAGE: Final = import_module(DATA["module"])
NO_WAIT: Final = {"retry-after-ms": "1"}

Use = Callable[[Any], Any]


def output_of(prompt: dict[str, Any]) -> dict[str, object]:
    """What a model might answer."""
    if prompt["output"] == "text":
        return {"type": "text", "text": "Hello"}
    return {"type": "json", "json": {"greeting": "Hello"}, "text": '{"greeting": "Hello"}'}


def full(prompt: dict[str, Any]) -> dict[str, object]:
    """An answer of the prompt."""
    version = int(prompt["pin"].get("version", 1))
    return answer_of(str(prompt["name"]), version, output_of(prompt))


def called(prompt: dict[str, Any], method: str = "__call__", **options: object) -> Use:
    """A call of the prompt, with the variables of its sample."""

    def use(client: Any) -> Any:
        return getattr(getattr(client, prompt["attribute"]), method)(**prompt["arguments"], options=options)

    return use


def events(prompt: dict[str, Any]) -> Use:
    """All events of a stream of the prompt."""

    def use(client: Any) -> Any:
        stream = called(prompt, "stream")(client)
        return _awaited_events(stream) if hasattr(stream, "__aenter__") else _events(stream)

    return use


def _events(stream: Any) -> list[Any]:
    with stream:
        return list(stream)


async def _awaited_events(stream: Any) -> list[Any]:
    async with stream:
        return [event async for event in stream]


class Calls(unittest.TestCase):
    endpoint: Endpoint
    loop: asyncio.AbstractEventLoop
    clients: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.endpoint, cls.loop = Endpoint(), asyncio.new_event_loop()
        cls.clients = {
            name: getattr(PACKAGE, name)(api_key="ps_live_key", base_url=cls.endpoint.url)
            for name in DATA["clients"]
        }

    @classmethod
    def tearDownClass(cls) -> None:
        for client in cls.clients.values():
            cls.outcome(client.aclose() if hasattr(client, "aclose") else client.close())
        cls.loop.close()
        cls.endpoint.close()

    @classmethod
    def outcome(cls, value: Any) -> Any:
        """The value, or what comes of awaiting it."""
        return cls.loop.run_until_complete(value) if inspect.isawaitable(value) else value

    def each(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Each client with each prompt."""
        for name, client in self.clients.items():
            for prompt in DATA["prompts"]:
                with self.subTest(client=name, prompt=prompt["name"]):
                    yield client, prompt

    def run_with(self, client: Any, answers: Sequence[Answer], use: Use) -> tuple[Any, list[Received]]:
        """What `use` gives for a client, or the error that it raises; and what the endpoint received."""
        self.endpoint.script(answers)
        try:
            given = self.outcome(use(client))
        except getattr(PACKAGE, f"{DATA['client']}Error") as error:
            given = error
        return given, self.endpoint.received

    def test_a_call_sends_the_variables_and_gives_the_answer(self) -> None:
        for client, prompt in self.each():
            answer, (request,) = self.run_with(client, [whole(full(prompt))], called(prompt))
            self.assertEqual(answer, full(prompt))
            self.assertEqual(request.path, f"/v1/prompts/{prompt['name']}/run")
            self.assertEqual(request.body, {"variables": prompt["variables"], **prompt["pin"]})
            self.assertEqual(request.headers["authorization"], "Bearer ps_live_key")

    def test_options_go_beside_the_variables(self) -> None:
        for client, prompt in self.each():
            use = called(prompt, label="staging", user="u1", headers={"X-Team": "a"}, idempotency_key="k")
            _, (request,) = self.run_with(client, [whole(full(prompt))], use)
            body = {"variables": prompt["variables"], "label": "staging", "user": "u1"}
            self.assertEqual(request.body, body)
            self.assertEqual((request.headers["x-team"], request.headers["idempotency-key"]), ("a", "k"))

    def test_a_stream_gives_each_event(self) -> None:
        for client, prompt in self.each():
            sent = streamed(("start", {"id": "run_1"}), ("delta", {"text": "Hel"}), ("done", full(prompt)))
            given, (request,) = self.run_with(client, [sent], events(prompt))
            self.assertEqual([event.type for event in given], ["start", "delta", "done"])
            self.assertEqual((given[1].text, given[2].answer), ("Hel", full(prompt)))
            self.assertEqual(request.headers["accept"], "text/event-stream")
            self.assertIs(request.body["stream"], True)

    def test_a_stream_without_an_end_is_told_with_what_came_of_it(self) -> None:
        for client, prompt in self.each():
            error, _ = self.run_with(client, [streamed(("delta", {"text": "Hel"}))], events(prompt))
            self.assertIsInstance(error, PACKAGE.StreamTruncatedError)
            self.assertEqual(error.partial, "Hel")

    def test_a_raw_answer_has_the_bytes(self) -> None:
        for client, prompt in self.each():
            sent = whole(full(prompt))
            raw, _ = self.run_with(client, [sent], called(prompt, "raw"))
            self.assertEqual((raw.status_code, raw.content, raw.parse()), (200, sent.body, full(prompt)))

    def test_a_call_that_fails_in_passing_is_sent_again_as_the_same(self) -> None:
        for client, prompt in self.each():
            failed = problem(503, "provider_unavailable", NO_WAIT)
            answer, requests = self.run_with(client, [failed, whole(full(prompt))], called(prompt))
            self.assertEqual(answer, full(prompt))
            self.assertEqual(len({request.headers["idempotency-key"] for request in requests}), 1)
            self.assertEqual(requests[0].body, requests[1].body)

    def test_a_problem_is_an_error_of_its_own(self) -> None:
        for client, prompt in self.each():
            error, requests = self.run_with(client, [problem(422, "invalid_variables", {})], called(prompt))
            self.assertIsInstance(error, PACKAGE.InvalidVariablesError)
            self.assertEqual((error.status_code, error.code, len(requests)), (422, "invalid_variables", 1))
            for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
                self.assertEqual((str(twin), vars(twin)), (str(error), vars(error)))

    def test_a_page_of_another_server_is_no_answer(self) -> None:
        page = Answer(200, {"content-type": "text/html"}, b"<html>")
        for client, prompt in self.each():
            for use in (called(prompt), events(prompt)):
                error, _ = self.run_with(client, [page], use)
                self.assertIsInstance(error, PACKAGE.UnexpectedResponseError)
                self.assertEqual(error.body, "<html>")

    def test_a_client_does_not_show_its_key(self) -> None:
        for client, _ in self.each():
            self.assertNotIn("ps_live_key", repr(client))

    def test_the_environment_says_where_the_endpoint_is(self) -> None:
        name, environment = DATA["clients"][0], DATA["environment"]
        with mock.patch.dict(os.environ, {f"{environment}_BASE_URL": "https://prompts.example"}):
            self.assertIn("https://prompts.example", repr(getattr(PACKAGE, name)()))
        with mock.patch.dict(os.environ, clear=True), self.assertRaises(PACKAGE.ConfigurationError):
            getattr(PACKAGE, name)()

    def test_every_call_is_documented(self) -> None:
        for client, prompt in self.each():
            self.assertTrue(inspect.getdoc(getattr(type(client), prompt["attribute"])))


if __name__ == "__main__":
    unittest.main()
