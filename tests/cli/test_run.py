"""`run` against a scripted provider: what it is sent, what the person sees."""

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, Command, environment, use_provider, write_prompt
from tests.cli.provider import Provider, Reply

EVENTS = "text/event-stream"


@pytest.fixture
def local(project: Path, provider: Provider) -> Path:
    """The project, with a provider `local` that is scripted."""
    use_provider(project, provider.url)
    return project


def completion(text: str) -> bytes:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def chunk(text: str, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


LAST = (
    chunk("", "stop")
    + b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n\n'
)


def test_the_answer_goes_to_stdout_and_its_cost_to_stderr(
    promptstudio: Command, local: Path, provider: Provider
) -> None:
    provider.replies = [Reply([completion("Hello, Ada!")])]
    result = promptstudio("run", "greet", "--var", "who=Ada", LOCAL_KEY="secret")
    assert (result.returncode, result.stdout) == (0, "Hello, Ada!\n")
    assert result.stderr == "local/small: 10 tokens in, 5 out, 0.00002 USD\n"
    [call] = provider.calls
    assert call.headers["authorization"] == "Bearer secret"
    assert json.loads(call.body)["messages"][-1] == {"role": "user", "content": "\nGreet Ada."}


def test_text_is_printed_as_it_comes(local: Path, provider: Provider) -> None:
    """The model goes on only once its first words have been seen here."""
    seen = threading.Event()
    provider.replies = [Reply([chunk("Hello, "), seen, chunk("Ada!"), LAST], EVENTS)]
    with subprocess.Popen(
        [COMMAND, "run", "greet", "--var", "who=Ada", "--stream"],
        cwd=local,
        env=environment({"LOCAL_KEY": "secret"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(7)
        seen.set()
        rest, said = process.communicate(timeout=60)
    assert first + rest == b"Hello, Ada!\n"
    assert b"10 tokens in, 5 out, 0.00002 USD" in said


def test_the_whole_answer_as_json(promptstudio: Command, local: Path, provider: Provider) -> None:
    for stream in ([], ["--stream"]):
        streamed = Reply([chunk("Hel"), chunk("lo"), LAST], EVENTS)
        provider.replies = [streamed if stream else Reply([completion("Hello")])]
        result = promptstudio("run", "greet", "--var", "who=Ada", "--json", *stream, LOCAL_KEY="secret")
        answer = json.loads(result.stdout)
        assert answer["output"] == {"type": "text", "text": "Hello"}
        assert answer["cost_usd"] == "0.00002"
        assert result.stderr == ""


def test_another_model_can_be_asked(promptstudio: Command, local: Path, provider: Provider) -> None:
    provider.replies = [Reply([completion("Hi")])]
    result = promptstudio("run", "greet", "--var", "who=Ada", "--model", "local/large", LOCAL_KEY="secret")
    assert result.stderr == "local/large: 10 tokens in, 5 out, unknown cost\n"
    assert json.loads(provider.calls[0].body)["model"] == "large"
    assert "large" not in (local / "prompts" / "greet.prompt").read_text()


def test_another_model_is_checked_like_the_file(promptstudio: Command, project: Path) -> None:
    result = promptstudio("run", "greet", "--var", "who=Ada", "--model", "nowhere/large")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: --model nowhere/large: there is no provider nowhere: "
        "declare it in promptstudio.toml as [providers.nowhere].\n"
    )


def test_a_text_may_be_larger_than_a_servers_limit(promptstudio: Command, project: Path) -> None:
    (project / "long.txt").write_text("word " * 300_000)
    result = promptstudio("run", "greet", "--var", "who=@long.txt")
    assert result.returncode == 0
    assert len(result.stdout) > 1_500_000


def test_history_reaches_the_model(promptstudio: Command, local: Path, provider: Provider) -> None:
    provider.replies = [Reply([completion("Hi")])]
    (local / "talk.json").write_text('[{"role":"user","content":"Before."}]')
    promptstudio("run", "greet", "--var", "who=Ada", "--messages", "@talk.json", LOCAL_KEY="secret")
    contents = [message["content"] for message in json.loads(provider.calls[0].body)["messages"]]
    assert contents[-2:] == ["Before.", "\nGreet Ada."]


def test_structured_output_is_printed_as_the_model_wrote_it(promptstudio: Command, project: Path) -> None:
    write_prompt(
        project,
        "mood",
        "---\noutput:\n  format: json\n  schema:\n    mood(enum): [good, bad]\n---\nHow is it?\n",
    )
    result = promptstudio("run", "mood")
    assert json.loads(result.stdout) == {"mood": "good"}


@pytest.mark.parametrize("key", ["", " "])
def test_without_the_provider_key_it_says_which_variable_to_set(
    promptstudio: Command, local: Path, key: str
) -> None:
    result = promptstudio("run", "greet", "--var", "who=Ada", LOCAL_KEY=key)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: LOCAL_KEY is not set, and local/small needs it.\n"
        "Set it, or let the echo answer: --model echo/echo\n"
    )
    assert promptstudio("run", "greet", "--var", "who=Ada", "--model", "echo/echo").returncode == 0


def test_a_provider_that_breaks_off_is_one_sentence(
    promptstudio: Command, local: Path, provider: Provider
) -> None:
    provider.replies = [Reply([chunk("Hello, ")], EVENTS, end="break")]
    result = promptstudio("run", "greet", "--var", "who=Ada", "--stream", LOCAL_KEY="secret")
    assert result.returncode == 1
    assert result.stdout.startswith("Hello, ")
    assert result.stderr == "Error: Provider local broke off in the middle of the answer.\n"


def test_an_answer_that_breaks_its_promise_is_refused(
    promptstudio: Command, local: Path, provider: Provider
) -> None:
    write_prompt(
        local, "mood", "---\noutput:\n  format: json\n  schema:\n    mood: string\n---\nHow is it?\n"
    )
    provider.replies = [Reply([completion('{"mood":7}')])]
    result = promptstudio("run", "mood", LOCAL_KEY="secret")
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == ["  /mood: 7 is not a string"]


def test_ctrl_c_hangs_up_on_the_model_and_says_nothing(local: Path, provider: Provider) -> None:
    provider.replies = [Reply([chunk("Hello, ")], EVENTS, end="hang")]
    with subprocess.Popen(
        [COMMAND, "run", "greet", "--var", "who=Ada", "--stream"],
        cwd=local,
        env=environment({"LOCAL_KEY": "secret"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(7) == b"Hello, "
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"")
    assert provider.hung_up.wait(10)
