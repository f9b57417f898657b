"""Running endpoints for generated clients to call: the same prompts in each runtime, and a scripted model."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from promptstudio.endpoint.keys import create, print_records
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project import load_project
from promptstudio.values import Json
from tests.conformance.case import Answer
from tests.conformance.runtimes import Address, Deployment, StoreNeed, start
from tests.conformance.stores import Stores
from tests.conformance.upstream import Script, ScriptedUpstream
from tests.functions.serving import write_project

RUNTIMES: Final = {
    "python": (),
    "workerd": ("node",),
    "vercel": ("node",),
    "vercel_node": ("node", "make prove"),
    "gcf": ("functions-framework",),
    "aws_sam": ("lambda-web-adapter", "dynoxide"),
}
"""Runtime → the tools that it needs, beside those of the client."""

REPORTS_A_CLIENT_THAT_GOES: Final = frozenset(RUNTIMES) - {"aws_sam"}
HAS_STORE: Final = frozenset({"python", "workerd", "aws_sam"})
"""Those that know a call again: the others are deployed without a store here."""

PROMPTS: Final = {
    "greet": """---
description: Greets somebody.
model: openai/gpt-5.4-mini
input:
  schema:
    name: string, whom to greet
    tone?(enum, how to sound): [warm, formal]
---
Greet {{name}}.
""",
    "sort-mail": """---
model: openai/gpt-5.4-mini
input:
  schema:
    mail: string
output:
  format: json
  schema:
    label(enum): [work, play]
---
Sort {{mail}}.
""",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint. `play` says what its model answers next."""

    name: str
    url: str
    key: str
    bundle: dict[str, Json]
    upstream: ScriptedUpstream

    def play(self, *answers: Answer) -> Script:
        return self.upstream.play(answers)


@contextmanager
def serving(runtime: str, folder: Path, **environ: str) -> Iterator[Endpoint]:
    """The endpoint in one of the RUNTIMES, with further variables in its environment."""
    with ExitStack() as stack:
        upstream = stack.enter_context(ScriptedUpstream())
        bundle = _compiled(folder, upstream.url)
        key = create("sdk")
        store: StoreNeed = "empty" if runtime in HAS_STORE else "any"
        told = {
            "OPENAI_API_KEY": "sk-openai",
            "PROMPTSTUDIO_KEYS": print_records([key.record]),
            **Stores(stack, upstream.refused_url).environ(runtime, store),
            **environ,
        }
        deployment = Deployment(bundle, told, store, number=1)
        address: Address = stack.enter_context(start(runtime)).deploy(deployment)
        yield Endpoint(runtime, f"http://{address.host}:{address.port}", key.key, bundle, upstream)


def _compiled(folder: Path, upstream: str) -> dict[str, Json]:
    root = write_project(folder, PROMPTS, f'[providers.openai]\nbase_url = "{upstream}/v1"\n')
    project = load_project(root)
    compiled = compile_bundle(project.sources, project.settings)
    assert compiled.bundle is not None, compiled.diagnostics
    return compiled.bundle


def completed(text: str) -> dict[str, Json]:
    """A whole answer of OpenAI's Responses API."""
    content: Json = [{"type": "output_text", "text": text}]
    return {
        "status": "completed",
        "output": [{"type": "message", "content": content}],
        "usage": {"input_tokens": 8, "output_tokens": 4},
    }


def says(text: str) -> Answer:
    """The model's whole answer."""
    return Answer(
        200, {"content-type": "application/json"}, [json.dumps(completed(text)).encode()], streamed=False
    )


def tells(*texts: str, end: str = "complete") -> Answer:
    """The model's answer as it writes it; one that hangs is never finished."""
    steps = [_event({"type": "response.output_text.delta", "delta": text}) for text in texts]
    if end == "complete":
        steps.append(_event({"type": "response.completed", "response": completed("".join(texts))}))
    return Answer(200, {"content-type": "text/event-stream"}, steps, streamed=True, end=end)


def _event(data: Json) -> bytes:
    kind = data["type"] if isinstance(data, dict) else ""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


BUSY: Final = Answer(503, {"retry-after": "0"}, [b"busy"], streamed=False)
