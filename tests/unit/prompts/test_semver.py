"""What a change means to callers, and the promise behind it: what is not breaking breaks nobody."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.prompts.contract import Contract, answered, opened, read_contract
from promptstudio.prompts.semver import Proposal, propose
from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json
from tests.unit.prompts.schema_pairs import schema_pairs, schemas_with_defaults, values

Object = dict[str, Json]


def prompt(*lines: str) -> Contract:
    return read_contract("\n".join(["---", *lines, "---", "Hello"]))


def inputs(*members: str) -> Contract:
    return prompt("input:", "  schema:", *(f"    {member}" for member in members))


def outputs(*members: str) -> Contract:
    return prompt("output:", "  schema:", *(f"    {member}" for member in members))


def said(before: Contract, after: Contract) -> tuple[str, ...]:
    proposal = propose(before, after, "1.4.2")
    return (proposal.level, *proposal.reasons)


def test_the_first_version_is_one() -> None:
    assert propose(None, prompt(), None) == Proposal("1.0.0", "first", ("This is the first version.",))


@pytest.mark.parametrize(
    ("after", "semver"),
    [
        (inputs("a: integer"), "2.0.0"),
        (inputs("a: string", "b?: string"), "1.5.0"),
        (inputs("a: string"), "1.4.3"),
    ],
)
def test_the_next_version_counts_from_the_last(after: Contract, semver: str) -> None:
    assert propose(inputs("a: string"), after, "1.4.2").semver == semver


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (inputs("a: string"), inputs("b?: string"), "The variable a is no longer taken."),
        (inputs("a: string"), inputs("a: string", "b: string"), "The variable b has to be given now."),
        (inputs("a?: string"), inputs("a: string"), "The variable a has to be given now."),
        (inputs("a?: string"), inputs("a: string"), "The variable a no longer takes null."),
        (inputs("a: number"), inputs("a: integer"), "The variable a no longer takes a number."),
        (inputs("a(enum): [x, y]"), inputs("a(enum): [x]"), 'The variable a no longer takes "y".'),
        (inputs("a: string"), inputs("a(enum): [x]"), "The variable a takes only certain values now."),
        (
            inputs("a(array):", "  b: string"),
            inputs("a(array):", "  b: integer"),
            "The variable a[].b no longer takes a string.",
        ),
        (
            inputs("a: string", "(*): any"),
            inputs("a: string"),
            "Any variable that is not declared is no longer taken.",
        ),
        (prompt(), inputs("a: string"), "The variable a has to be given now."),
        (outputs("a: string"), outputs("b: string"), "The output no longer has a."),
        (outputs("a?: string"), outputs("b: string"), "The output no longer has a."),
        (outputs("a: string"), outputs("a?: string"), "The output may lack a now."),
        (outputs("a: integer"), outputs("a: number"), "The output's a may be a number now."),
        (outputs("a(enum): [x]"), outputs("a(enum): [x, y]"), 'The output\'s a may be "y" now.'),
        (outputs("a(enum): [x]"), outputs("a: string"), "The output's a may have other values now."),
        (outputs("a:", "  b: string"), outputs("a:", "  c: string"), "The output no longer has a.b."),
        (outputs("a: string"), prompt("output: {format: json}"), "The output may lack a now."),
        (outputs("a: string"), prompt(), "The output is text now, no longer json."),
        (prompt("promptstudio.aliases: [x]"), prompt(), "The prompt no longer answers to x."),
    ],
)
def test_what_breaks_callers_is_major(before: Contract, after: Contract, reason: str) -> None:
    level, *reasons = said(before, after)
    assert (level, reason in reasons) == ("major", True), reasons


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (inputs("a: string"), inputs("a: string", "b?: string"), "The variable b is taken now."),
        (inputs("a: string"), inputs("a?: string"), "The variable a may be left out now."),
        (inputs("a: integer"), inputs("a: number"), "The variable a takes a number too now."),
        (inputs("a(enum): [x]"), inputs("a(enum): [x, y]"), 'The variable a takes "y" too now.'),
        (inputs("a(enum): [x]"), inputs("a: string"), "The variable a takes other values too now."),
        (inputs("a: string"), prompt(), "Any variable that is not declared is taken now."),
        (
            outputs("a: string"),
            outputs("a: string", "b?: string"),
            "The output may have b now, which is new.",
        ),
        (outputs("a?: string"), outputs("a: string"), "The output always has a now."),
        (outputs("a: number"), outputs("a: integer"), "The output's a is held more closely now."),
        (prompt("output: {format: json}"), outputs("a: string"), "The output always has a now."),
        (prompt(), prompt("promptstudio.aliases: [x]"), "The prompt answers to x too now."),
    ],
)
def test_what_adds_to_what_there_was_is_minor(before: Contract, after: Contract, reason: str) -> None:
    level, *reasons = said(before, after)
    assert (level, reason in reasons) == ("minor", True), reasons


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (prompt(), prompt("model: openai/gpt-5.4-mini", "config: {temperature: 0}")),
        (inputs("a: string, the text"), inputs("a: string, some text")),
        (inputs("a: string", "b?: integer"), inputs("b?: integer", "a: string")),
        (outputs("a: string"), outputs("a: string, described")),
    ],
)
def test_what_callers_do_not_see_is_a_patch(before: Contract, after: Contract) -> None:
    assert said(before, after) == ("patch", "What callers send and what they read is as it was.")


def test_a_default_makes_a_new_variable_optional() -> None:
    given = Contract(schema=inputs("a: string", "b: string").schema, default={"b": "x"})
    assert said(inputs("a: string"), given) == ("minor", "The variable b is taken now.")


def test_a_default_that_is_taken_away_breaks_whoever_relied_on_it() -> None:
    schema = inputs("b: string").schema
    assert said(Contract(schema, {"b": "x"}), Contract(schema))[0] == "major"


def test_another_default_is_minor() -> None:
    schema = inputs("b: string").schema
    reason = "The variable b is another value now where it is left out."
    assert said(Contract(schema, {"b": "x"}), Contract(schema, {"b": "y"})) == ("minor", reason)


def test_a_default_in_the_schema_counts_only_where_it_is_filled_in() -> None:
    filled: Object = {"type": "object", "properties": {"a": {"type": "string", "default": ""}}}
    not_filled: Object = {"type": "object", "anyOf": [filled], "required": ["a"]}
    assert said(Contract(), Contract({**filled, "required": ["a"]}))[0] == "major"  # the type of a
    open_before: Object = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert said(Contract(open_before), Contract({**filled, "required": ["a"]}))[0] == "minor"
    assert said(Contract(open_before), Contract(not_filled))[0] == "major"


@pytest.mark.parametrize("required", [[], ["o"]])
def test_a_default_that_lacks_something_itself_makes_nothing_optional(required: list[Json]) -> None:
    inner: Object = {"type": "object", "properties": {"b": {"type": "string", "default": ""}}}
    before: Object = {"type": "object", "properties": {"o": inner}}
    after: Object = {"type": "object", "properties": {"o": {**inner, "required": ["b"], "default": {}}}}
    assert compile_schema(after)({}, "")[1]
    assert "The variable o has to be given now." in said(
        Contract(before), Contract({**after, "required": required})
    )


def test_an_output_property_with_a_default_is_always_there() -> None:
    with_default: Object = {"type": "object", "properties": {"a": {"type": "string", "default": ""}}}
    without: Object = {"type": "object", "properties": {"a": {"type": "string"}}}
    before, after = (Contract(output_format="json", output_schema=each) for each in (with_default, without))
    assert "The output may lack a now." in said(before, after)
    assert "The output always has a now." in said(after, before)


def test_hostile_names_stay_text_in_the_reasons() -> None:
    before: Object = {"type": "object", "properties": {"{path}": {}, "__proto__": {}, "a\n\u202eb": {}}}
    closed: Object = {"type": "object", "additionalProperties": False}
    assert said(Contract({**before, "additionalProperties": False}), Contract(closed)) == (
        "major",
        'The variable "{path}" is no longer taken.',
        "The variable __proto__ is no longer taken.",
        'The variable "a\\n\u202eb" is no longer taken.',
    )


def test_reasons_are_listed_up_to_a_bound() -> None:
    many = inputs(*(f"v{number}: string" for number in range(300)))
    assert len(propose(many, inputs("a?: string"), "1.0.0").reasons) == 100


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_old_callers_send_is_taken_where_nothing_is_said_to_break(data: st.DataObject) -> None:
    old, new = (_object(schema) for schema in data.draw(schema_pairs()))
    before, after = (Contract(schema, data.draw(defaults(schema))) for schema in (old, new))
    if propose(before, after, "1.0.0").breaking:
        return
    for variables in data.draw(st.lists(values(old), max_size=5)):
        if isinstance(variables, dict) and _is_taken(before, variables):
            assert _is_taken(after, variables)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_answered_is_what_old_clients_expect_where_nothing_is_said_to_break(
    data: st.DataObject,
) -> None:
    old, new = data.draw(schema_pairs())
    before, after = (Contract(output_format="json", output_schema=schema) for schema in (old, new))
    if propose(before, after, "1.0.0").breaking:
        return
    for value in data.draw(st.lists(values(new), max_size=5)):
        answer, errors = compile_schema(new, null_is_absent=True)(value, "")
        assert errors or compile_schema(opened(answered(old)))(answer, "")[1] == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_clients_see_has_all_that_its_schema_says(data: st.DataObject) -> None:
    schema = data.draw(schemas_with_defaults())
    for value in data.draw(st.lists(values(schema), max_size=5)):
        answer, errors = compile_schema(schema, null_is_absent=True)(value, "")
        assert errors or compile_schema(answered(schema))(answer, "")[1] == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_patch_takes_just_what_was_taken(data: st.DataObject) -> None:
    old, new = (_object(schema) for schema in data.draw(schema_pairs()))
    if propose(Contract(old), Contract(new), "1.0.0").level != "patch":
        return
    for variables in data.draw(st.lists(values(old, new), max_size=5)):
        if isinstance(variables, dict):
            assert _is_taken(Contract(old), variables) == _is_taken(Contract(new), variables)


def _object(schema: Object) -> Object:
    """Input schemas describe objects."""
    return {**schema, "type": "object"}


@st.composite
def defaults(draw: st.DrawFn, schema: Any) -> Object:
    """An `input.default` that compiles."""
    given: Any = draw(values(schema) | st.just({}))
    given = given if isinstance(given, dict) else {}
    fits = not compile_schema({**schema, "required": []})(given, "")[1]
    return given if fits else {}


def _is_taken(contract: Contract, variables: Object) -> bool:
    merged = {**contract.default, **variables}
    return not compile_schema(contract.schema)(merged, "")[1]
