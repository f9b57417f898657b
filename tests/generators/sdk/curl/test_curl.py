"""The cURL scripts: what they send, whatever they are given, and who else gets to see it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.values import Json
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
from tests.conformance.case import Answer
from tests.conformance.upstream import ScriptedUpstream
from tests.conftest import SHELLCHECK
from tests.generators.hostile import PIECES, texts

KEY: Final = "ps_live_secret"
TIMEOUT_S: Final = 60
SHELLS: Final = [shell for shell in ("dash", "bash", "sh") if shutil.which(shell)]

# Stands in for curl: writes down the arguments and what is on stdin.
NOTING: Final = """#!/bin/sh
printf '%s\\n' "$@" >"$NOTES/arguments"
cat >"$NOTES/body"
"""


def document(variables: Mapping[str, Json], **more: Json) -> dict[str, Json]:
    schema: Json = {"type": "object", "properties": dict(variables)}
    version: Json = {"input": {"schema": schema, "default": {}}, "output": {"format": "text"}, **more}
    prompt: Json = {"labels": {"it's $HOME": 3}, "latest": 3, "versions": {"3": version}}
    return {"hash": "sha256:" + "0" * 64, "prompts": {"greet": prompt}}


GREET: Final = document(
    {
        "name": {"type": "string", "description": "whom to greet"},
        "tone": {"enum": ["warm", "formal", None]},
        "times": {"type": "integer"},
        "extra": {},
        "a b": {"type": "string"},
    }
)


def write_scripts(folder: Path, bundle: Mapping[str, Json] = GREET, **options: Any) -> Path:
    write(generate_sdk("curl", bundle, SdkOptions(name="Acme", **options)), folder)
    return folder


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scripts(tmp_path_factory.mktemp("scripts"))


def environ(url: str = "https://acme.example", **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "ACME_BASE_URL": url, "ACME_API_KEY": KEY, **more}


def run(
    scripts: Path, *arguments: str, stdin: str = "", shell: str = "sh", env: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    command = [shell, str(scripts / "greet.sh"), *arguments]
    return subprocess.run(
        command, env=dict(env), input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


class Noted:
    """The scripts with a curl that only takes notes."""

    def __init__(self, scripts: Path, folder: Path) -> None:
        self._scripts, self._folder = scripts, folder
        (folder / "curl").write_text(NOTING)
        (folder / "curl").chmod(0o755)

    def send(self, *arguments: str, stdin: str = "", shell: str = "sh") -> bytes | None:
        """The body that would be sent; None where the script refuses."""
        env = environ(NOTES=str(self._folder), PATH=f"{self._folder}:{os.environ['PATH']}")
        done = run(self._scripts, *arguments, stdin=stdin, shell=shell, env=env)
        assert done.returncode in (0, 2), done.stderr
        return (self._folder / "body").read_bytes() if done.returncode == 0 else None

    @property
    def arguments(self) -> list[str]:
        return (self._folder / "arguments").read_text().splitlines()


@pytest.fixture(scope="module")
def noted(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> Noted:
    return Noted(scripts, tmp_path_factory.mktemp("notes"))


# What an argument of a process can be.
arguments_ = (texts | st.text()).map(lambda text: text.replace("\0", "").encode("utf-8", "replace").decode())


@settings(deadline=None, max_examples=60)
@given(name=arguments_, tone=arguments_, shell=st.sampled_from(SHELLS))
def test_any_text_arrives_as_it_was_given(noted: Noted, name: str, tone: str, shell: str) -> None:
    body = noted.send(f"name={name}", f"tone={tone}", shell=shell)
    assert body is not None
    assert json.loads(body) == {"variables": {"name": name, "tone": tone}, "version": 3}


@pytest.mark.parametrize(
    "text", ["", "\n", "a\n\n", "\r\n", "\\", '"', "\\n", "$(id)`id`", "%s%d", "-", "&", "\x01\x1f\x7f"]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_texts_that_shells_like_to_change_stay_as_they_are(noted: Noted, text: str, shell: str) -> None:
    body = noted.send("--stream", f"name={text}", shell=shell)
    assert body is not None
    assert json.loads(body) == {"variables": {"name": text}, "version": 3, "stream": True}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(value=values, indent=st.sampled_from([None, 1]))
def test_any_json_arrives_as_it_was_given(noted: Noted, value: Json, indent: int | None) -> None:
    written = json.dumps(value, indent=indent)
    as_argument = noted.send(f"extra={written}")
    as_document = noted.send("-", stdin=json.dumps({"extra": value}, indent=indent))
    for body in (as_argument, as_document):
        assert body is not None
        assert json.loads(body) == {"variables": {"extra": value}, "version": 3}


TOKENS: Final = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    '"a"',
    '"\\"',
    "1",
    "-",
    "0.5e3",
    "true",
    "null",
    " ",
    "\n",
    "\x02",
)


@settings(deadline=None, max_examples=120)
@given(text=st.lists(st.sampled_from(TOKENS), max_size=9).map("".join))
def test_nothing_but_json_gets_into_a_body(noted: Noted, text: str) -> None:
    for body in (noted.send(f"times={text}"), noted.send("-", stdin='{"times":' + text + "}")):
        if is_json(text):
            assert body is not None
        if body is not None and is_json(body.decode()):
            assert json.loads(body) == {"variables": {"times": json.loads(text)}, "version": 3}


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "text", ['1,"label":"x"', "{}}", '1},"label":"x","a":{"b":1', "", " ", "1 2", "x", '"', "\x03"]
)
def test_what_would_end_its_place_is_refused(noted: Noted, text: str) -> None:
    assert noted.send(f"times={text}") is None
    assert noted.send("-", stdin=text) is None


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["nobody=1"], ""),
        (["name"], ""),
        (["a b=1"], ""),
        (["-", "name=a"], "{}"),
        (["-"], "[]"),
        (["-"], '"text"'),
        (["--verbose"], ""),
    ],
)
def test_arguments_that_there_are_not_are_refused(noted: Noted, arguments: Sequence[str], stdin: str) -> None:
    assert noted.send(*arguments, stdin=stdin) is None


def test_a_variable_whose_name_is_no_word_comes_from_stdin(noted: Noted) -> None:
    assert noted.send("-", stdin='{"a b": "c"}') == b'{"variables":{"a b": "c"},"version":3}'


def test_what_follows_two_dashes_goes_to_curl(noted: Noted) -> None:
    noted.send("name=a", "--", "--verbose", "--header", "X-A: 1")
    assert noted.arguments[-4:-1] == ["--verbose", "--header", "X-A: 1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ACME_BASE_URL": "ftp://acme.example"},
        {"ACME_BASE_URL": "https://u:p@acme.example"},
        {"ACME_BASE_URL": "https://acme.example?a=b"},
        {"ACME_BASE_URL": ""},
        {"ACME_API_KEY": "a b"},
        {"ACME_API_KEY": "a\nX-Injected: 1"},
    ],
)
def test_an_environment_that_cannot_be_used_is_refused(scripts: Path, wrong: dict[str, str]) -> None:
    done = run(scripts, "name=a", env=environ() | wrong)
    assert done.returncode == 2
    assert not [value for value in wrong.values() if value and value in done.stderr]


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as server:
        yield server


@pytest.mark.parametrize("shell", SHELLS)
def test_a_run_and_a_stream_reach_the_endpoint_and_print_its_answer(
    scripts: Path, server: ScriptedUpstream, shell: str
) -> None:
    frames = b'event: delta\ndata: {"text":"Hi"}\n\n'
    script = server.play(
        [
            Answer(200, {"content-type": "application/json"}, [b'{"id":"run_1"}'], streamed=False),
            Answer(200, {"content-type": "text/event-stream"}, [frames, frames], streamed=True),
        ]
    )
    assert run(scripts, "name=Ada", shell=shell, env=environ(server.url)).stdout == '{"id":"run_1"}'
    assert (
        run(scripts, "--stream", "name=Ada", shell=shell, env=environ(server.url)).stdout.encode()
        == frames * 2
    )
    first, second = script.calls
    assert (first.method, first.path) == ("POST", "/v1/prompts/greet/run")
    assert first.body == b'{"variables":{"name":"Ada"},"version":3}'
    assert second.body == b'{"variables":{"name":"Ada"},"version":3,"stream":true}'
    assert [call.headers["authorization"] for call in script.calls] == [f"Bearer {KEY}"] * 2
    assert [call.headers["accept"] for call in script.calls] == ["application/json", "text/event-stream"]
    assert {call.headers["content-type"] for call in script.calls} == {"application/json"}


def test_without_a_key_none_is_sent(scripts: Path, server: ScriptedUpstream) -> None:
    script = server.play([Answer(200, {}, [b"{}"], streamed=False)])
    assert run(scripts, "name=Ada", env=environ(server.url, ACME_API_KEY="")).returncode == 0
    assert "authorization" not in script.calls[0].headers


def test_a_problem_is_printed_and_fails(scripts: Path, server: ScriptedUpstream) -> None:
    server.play(
        [Answer(422, {"content-type": "application/problem+json"}, [b'{"status":422}'], streamed=False)]
    )
    done = run(scripts, "name=Ada", env=environ(server.url))
    assert (done.returncode, done.stdout) == (22, '{"status":422}')


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the arguments of processes")
@pytest.mark.parametrize("shell", SHELLS)
def test_no_process_shows_the_key_and_curl_shows_no_variable(
    scripts: Path, server: ScriptedUpstream, shell: str
) -> None:
    script = server.play([Answer(None, {}, [], streamed=False, end="hang")])
    command = [shell, str(scripts / "greet.sh"), "-"]
    with subprocess.Popen(
        command,
        env=environ(server.url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b'{"name": "Ada Lovelace"}')
        process.stdin.close()
        end = time.monotonic() + TIMEOUT_S
        while not script.calls and time.monotonic() < end:
            os.sched_yield()
        seen = [command_line for command_line in command_lines() if b"greet" in command_line]
        script.finish()
    assert any(command_line.startswith(b"curl\0") for command_line in seen)
    assert not [each for each in seen if KEY.encode() in each or b"Lovelace" in each]


def command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            pass  # it has ended


@pytest.mark.parametrize("shell", SHELLS)
def test_its_own_tests_pass(tmp_path: Path, shell: str) -> None:
    write_scripts(tmp_path)
    done = subprocess.run([shell, "test/run.sh"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok - greet") == 7
    (tmp_path / "test/expected/greet.json").write_text("{}")
    failed = subprocess.run([shell, "test/run.sh"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert failed.returncode == 1


def hostile(words: Sequence[str]) -> dict[str, Json]:
    variables: dict[str, Json] = {
        word: {"enum": [word], "description": word, "default": word} for word in words
    }
    return document(variables, description=words[0], message=words[1])


@settings(deadline=None, max_examples=30)
@given(words=st.lists(texts, min_size=3, max_size=6, unique=True))
def test_no_text_of_a_bundle_reaches_a_script(words: list[str]) -> None:
    files = generate_sdk("curl", hostile(words), SdkOptions(name=words[2]))
    plain = generate_sdk("curl", document({}), SdkOptions(name="acme"))
    assert files.keys() == plain.keys()
    script = files["greet.sh"]
    assert script.isascii()
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    usage = script.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    assert all(line.isprintable() and len(line) < 160 for line in usage.splitlines())


def test_a_label_is_sent_as_it_is(tmp_path: Path) -> None:
    label = "it's $HOME"
    write_scripts(tmp_path / "scripts", label=label)
    (tmp_path / "notes").mkdir()
    body = Noted(tmp_path / "scripts", tmp_path / "notes").send("name=a")
    assert body is not None
    assert json.loads(body) == {"variables": {"name": "a"}, "label": label}


@pytest.mark.needs("shellcheck")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    folders = [
        write_scripts(tmp_path / "greet"),
        write_scripts(tmp_path / "labelled", label="it's $HOME"),
        write_scripts(tmp_path / "empty", document({})),
        *(
            write_scripts(tmp_path / f"hostile-{at}", hostile(PIECES[at : at + 6]))
            for at in range(0, len(PIECES) - 6, 6)
        ),
    ]
    found = [path for folder in folders for path in (folder / "greet.sh", folder / "test" / "run.sh")]
    done = subprocess.run([SHELLCHECK, "--norc", *found], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
