"""The case format: what is taken, what is refused, and that its documentation is true."""

import json
import re
from pathlib import Path

import pytest

from promptstudio.values import Json
from tests.conformance.case import RUNTIMES, When
from tests.conformance.case_file import CaseError, load, text
from tests.conformance.conftest import CASES
from tests.conformance.judge import faults
from tests.conformance.play import Player

PROTOCOL_PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
SMALLEST: dict[str, Json] = {"title": "t", "prompts": {}, "request": {"path": "/"}, "expect": {"status": 200}}


def written(folder: Path, members: dict[str, Json]) -> Path:
    path = folder / "a-case.json"
    path.write_text(json.dumps({**SMALLEST, **members}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("form", "meaning"),
    [
        ("é", "é".encode()),
        (["a", ["b", "c"], ""], b"a\nb\nc\n"),
        ({"repeat": "ab", "times": 3}, b"ababab"),
        ({"base64": "77u/"}, b"\xef\xbb\xbf"),
        ({"concat": ["a", {"repeat": "b", "times": 2}, ["c", "d"]]}, b"abbc\nd"),
    ],
)
def test_a_text_has_several_forms(form: Json, meaning: bytes) -> None:
    assert text(form) == meaning


@pytest.mark.parametrize("form", [5, None, {"repeat": "a"}, {"base64": "!"}, {"concat": ["a"], "times": 2}])
def test_what_is_no_text_is_refused(form: Json) -> None:
    with pytest.raises(ValueError, match=r"is not a text|base64|ase64"):
        text(form)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"reqest": {}}, "/reqest: is not a property"),
        ({"request": {"path": "/", "headers": {"a": 1}}}, "/request/headers/a: 1 is not a string or null"),
        ({"request": {"path": "/", "json": 1, "body": "1"}}, "json and body exclude each other"),
        ({"upstream": [{"events": [{"when": "a", "raw": "b"}]}]}, "/upstream/0/events/0"),
        ({"expect": {"status": 200, "sse": [], "includes": {}}}, "sse and includes exclude each other"),
        ({"runtimes": ["java"]}, "/runtimes/0"),
        ({"prompts": {"a.prompt": 5}}, "5 is not a text"),
    ],
)
def test_a_case_that_does_not_follow_the_format_is_refused(
    tmp_path: Path, members: dict[str, Json], complaint: str
) -> None:
    with pytest.raises(CaseError, match=re.escape(complaint)) as caught:
        load(written(tmp_path, members))
    assert str(caught.value).startswith("a-case.json: ")


def test_a_file_that_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a-case.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CaseError, match=r"a-case\.json"):
        load(path)


def test_what_a_case_leaves_out_is_filled_in(tmp_path: Path) -> None:
    case = load(written(tmp_path, {"upstream": [{"json": {"a": 1}}, {"end": "reset"}]}))
    assert (case.request.method, case.request.body) == ("GET", None)
    assert case.runtimes == RUNTIMES
    assert not case.expect.calls
    assert (case.answers[0].status, case.answers[0].steps) == (200, [b'{"a":1}'])
    assert case.answers[1].status is None


def test_a_split_answer_keeps_its_conditions_in_place(tmp_path: Path) -> None:
    events: list[Json] = [{"data": "é"}, {"when": "go"}, {"raw": "x"}]
    case = load(written(tmp_path, {"upstream": [{"events": events, "split": 7}]}))
    assert case.answers[0].steps == [b"data: \xc3", b"\xa9\n\n", When(b"go"), b"x"]


def test_every_case_of_ours_follows_the_format_and_has_a_title_of_its_own() -> None:
    files = sorted(CASES.glob("*.json"))
    assert len([load(file) for file in files]) >= 60
    titles = [json.loads(file.read_bytes())["title"] for file in files]
    assert len(set(titles)) == len(titles)


@pytest.mark.needs("node")
@pytest.mark.parametrize("runtime", ["python", "workerd", "vercel"])  # those that need no tool of their own
def test_the_example_of_the_documentation_is_a_case_that_passes(
    player: Player, tmp_path: Path, runtime: str
) -> None:
    examples = re.findall(r"```json\n(\{\n.*?\n\})\n```", PROTOCOL_PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 1
    path = tmp_path / "example-of-the-documentation.json"
    path.write_text(examples[0], encoding="utf-8")
    case = load(path)
    assert not faults(case, player.play(case, runtime))
