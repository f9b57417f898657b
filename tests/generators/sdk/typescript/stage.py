"""A generated client somewhere, the server that it calls, and what came of a call."""

import re
from dataclasses import dataclass
from typing import Any, Final

from tests.conformance.case import Answer
from tests.conformance.upstream import Script, ScriptedUpstream
from tests.generators.sdk.answers import busy
from tests.generators.sdk.typescript.hosts import Host, Outcome
from tests.generators.sdk.typescript.packages import CLIENT

UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Stage:
    """A client's host and the server that it calls."""

    name: str
    host: Host
    server: ScriptedUpstream

    @property
    def is_browser(self) -> bool:
        return self.name == "chromium"

    def play(self, *answers: Answer, url: str | None = None, **question: object) -> "Seen":
        """What came of a question while the server gave these answers."""
        script = self.server.play(answers)
        options = {"baseUrl": url or self.server.url, "apiKey": "ps_live_secret"}
        asked = {"client": CLIENT, "member": "greet", "variables": {"name": "Ada"}, **question}
        asked["options"] = {**options, **asked.get("options", {})}  # type: ignore[dict-item]
        outcome = self.host.perform(asked)
        return Seen(outcome, script)


@dataclass(frozen=True)
class Seen:
    outcome: Outcome
    script: Script

    @property
    def error(self) -> dict[str, Any]:
        assert "error" in self.outcome, self.outcome
        error: dict[str, Any] = self.outcome["error"]
        assert error["isError"]
        return error

    @property
    def waits_ms(self) -> list[float]:
        return [fields["waitMs"] for message, fields in self.outcome["log"] if message == "retry"]

    @property
    def texts(self) -> list[str]:
        return [event["text"] for event in self.outcome["events"] if event["type"] == "delta"]

    def has_one_effect(self, attempts: int) -> bool:
        """Whether all attempts bear one name, by which a server tells that they are one call."""
        keys = {call.headers["idempotency-key"] for call in self.script.calls}
        bodies = {call.body for call in self.script.calls}
        is_one = len(keys) == len(bodies) == 1 and all(UUID4.fullmatch(key) for key in keys)
        return is_one and len(self.script.calls) == attempts


SOON: Final = {"retry-after-ms": "1"}


def briefly(status: int = 503) -> Answer:
    """A failure that may be tried again at once."""
    return busy(status, SOON)
