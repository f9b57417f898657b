"""The case format: what is taken, what is refused, and that its documentation is true."""

import json
import re
from pathlib import Path

import pytest

from promptstudio.values import Json
from tests.conformance.case import RUNTIMES, Step, When
from tests.conformance.case_file import CaseError, load
from tests.conformance.case_text import text
from tests.conformance.conftest import CASES
from tests.conformance.judge import faults
from tests.conformance.play import Player

PROTOCOL_PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
SMALLEST: dict[str, Json] = {"title": "t", "prompts": {}, "request": {"path": "/"}, "expect": {"status": 200}}


def written(folder: Path, members: dict[str, Json]) -> Path:
    path = folder / "a-case.json"
    path.write_text(json.dumps({**SMALLEST, **members}), encoding="utf-8")
    return path


def one_step(folder: Path, members: dict[str, Json]) -> Step:
    [step] = load(written(folder, members)).steps
    return step


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
        ({"store": "full"}, "/store"),
        ({"earlier": [{"request": {"path": "/"}}]}, "/earlier/0/expect: is required"),
        ({"earlier": [{"request": {}, "expect": {"status": 200}}]}, "/earlier/0/request/path: is required"),
        ({"expect": {}}, "a request that is sent once is expected to get a status"),
        ({"request": {"path": "/", "times": 2}}, "several to get statuses"),
        ({"expect": {"statuses": {"200": 1}}}, "several to get statuses"),
        (
            {
                "request": {"path": "/", "times": 2},
                "expect": {"statuses": {"200": {"times": 1, "at_most": 2}}},
            },
            "times excludes at_least and at_most",
        ),
        ({"request": {"path": "/", "times": 2, "again_on": 409}}, "are for a request that is sent once"),
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
    [step] = case.steps
    assert (step.request.method, step.request.body, step.request.times) == ("GET", None, 1)
    assert (case.runtimes, case.store) == (RUNTIMES, "any")
    assert not step.expect.calls
    assert (step.answers[0].status, step.answers[0].steps) == (200, [b'{"a":1}'])
    assert step.answers[1].status is None


def test_what_comes_several_times_is_written_once(tmp_path: Path) -> None:
    step = one_step(
        tmp_path,
        {
            "request": {"path": "/", "times": 3},
            "upstream": [{"times": 2, "json": 1}, {"times": 2, "end": "reset"}],
            "expect": {"statuses": {"200": 3}, "calls": [{"path": "/a", "times": 2}, {"path": "/b"}]},
        },
    )
    assert [answer.status for answer in step.answers] == [200, 200, None, None]
    assert [call.path for call in step.expect.calls] == ["/a", "/a", "/b"]


@pytest.mark.parametrize(
    ("row", "bounds"),
    [
        (2, (2, 2)),
        ({"json": 1}, (1, 1)),
        ({"times": 0}, (0, 0)),
        ({"at_least": 1}, (1, 3)),
        ({"at_most": 2}, (0, 2)),
        ({"at_least": 1, "at_most": 2, "json": 1}, (1, 2)),
    ],
)
def test_several_clients_are_expected_to_get_a_status_so_many_times(
    tmp_path: Path, row: Json, bounds: tuple[int, int]
) -> None:
    members: dict[str, Json] = {
        "request": {"path": "/", "times": 3},
        "expect": {"statuses": {"409": row}},
    }
    [answer] = one_step(tmp_path, members).expect.answers
    assert (answer.status, answer.at_least, answer.at_most) == (409, *bounds)
    assert answer.body == (b"1" if isinstance(row, dict) and "json" in row else None)


def test_an_answer_may_be_held_until_clients_have_received_something(tmp_path: Path) -> None:
    step = one_step(
        tmp_path,
        {
            "upstream": [
                {"held": {"until": ["a", "b"], "times": 2}, "json": 1},
                {"held": {"until": "c"}, "end": "reset"},
                {"events": [{"when": "d", "times": 3}]},
            ]
        },
    )
    assert [answer.held for answer in step.answers] == [When(b"a\nb", 2), When(b"c"), None]
    assert step.answers[1].status is None
    assert step.answers[2].steps == [When(b"d", 3)]


def test_earlier_requests_stand_before_the_last(tmp_path: Path) -> None:
    earlier: Json = [{"request": {"path": "/first"}, "expect": {"status": 409}}]
    case = load(written(tmp_path, {"earlier": earlier, "store": "empty"}))
    assert [(step.request.path, step.expect.answers[0].status) for step in case.steps] == [
        ("/first", 409),
        ("/", 200),
    ]
    assert case.store == "empty"


def test_a_split_answer_keeps_its_conditions_in_place(tmp_path: Path) -> None:
    events: list[Json] = [{"data": "é"}, {"when": "go"}, {"raw": "x"}]
    step = one_step(tmp_path, {"upstream": [{"events": events, "split": 7}]})
    assert step.answers[0].steps == [b"data: \xc3", b"\xa9\n\n", When(b"go"), b"x"]


def test_every_case_of_ours_follows_the_format_and_has_a_title_of_its_own() -> None:
    files = sorted(CASES.glob("*.json"))
    assert len([load(file) for file in files]) >= 60
    titles = [json.loads(file.read_bytes())["title"] for file in files]
    assert len(set(titles)) == len(titles)


def test_a_case_of_ours_that_is_not_for_all_runtimes_says_why() -> None:
    cases = [load(file) for file in CASES.glob("*.json")]
    assert [case.name for case in cases if (case.runtimes == RUNTIMES) != (case.not_elsewhere is None)] == []


@pytest.mark.needs("node")
@pytest.mark.parametrize("runtime", ["python", "workerd"])  # those that need no tool of their own
@pytest.mark.parametrize("example", range(2))
def test_the_examples_of_the_documentation_are_cases_that_pass(
    player: Player, tmp_path: Path, example: int, runtime: str
) -> None:
    examples = re.findall(r"```json\n(\{\n.*?\n\})\n```", PROTOCOL_PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 2
    path = tmp_path / "example-of-the-documentation.json"
    path.write_text(examples[example], encoding="utf-8")
    case = load(path)
    assert not faults(case, player.play(case, runtime))
