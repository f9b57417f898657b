from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.errors import BOUNDS, AppError
from promptstudio.messages import Text
from promptstudio.prompts.render import Renderer, compile_template
from promptstudio.prompts.template import parse
from promptstudio.values import normalize


def compiled(source: str, **partials: str) -> Renderer:
    return compile_template(parse(source).nodes, {name: parse(text).nodes for name, text in partials.items()})


def rendered(
    source: str,
    variables: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    **partials: str,
) -> str:
    """The text of the one message that a template renders to, put between bars."""
    values: Any = normalize(variables or {})
    (message,) = compiled(f"|{source}|", **partials).render(values, (), context or {})
    (text,) = message.content
    assert isinstance(text, Text)
    return text.text[1:-1]


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("<b>&'\"", "<b>&'\""),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("", ""),
        ([], "[]"),
        ({"b": [1, {"a": None}], "1": 2}, '{"1":2,"b":[1,{"a":null}]}'),
    ],
)
def test_values_print_as_ecmascript_prints_them(value: Any, printed: str) -> None:
    assert rendered("{{x}}", {"x": value}) == printed


def test_what_is_missing_prints_nothing() -> None:
    assert rendered("{{x}}{{x.y.z}}{{../x}}{{@x}}{{@x.y}}{{@../../x}}") == ""


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        ("o.a.b", "B"),
        ("o.[x y]", "XY"),
        ("o.__proto__", "proto"),
        ("o.constructor", ""),
        ("o.toString", ""),
        ("xs.[0]", "first"),
        ("xs.length", "2"),
        ("xs.[2]", ""),
        ("xs.[-1]", ""),
        ("xs.[01]", ""),
        ("xs.[1.0]", ""),
        ("xs.push", ""),
        ("s.length", "3"),
        ("s.[0]", "a"),
        ("s.[1]", "\ufffd"),
        ("s.[3]", ""),
        ("n.length", ""),
        ("nul.x", ""),
        ("t.x", ""),
    ],
)
def test_paths_see_own_properties_alone(path: str, printed: str) -> None:
    variables = {
        "o": {"a": {"b": "B"}, "x y": "XY", "__proto__": "proto"},
        "xs": ["first", "second"],
        "s": "a😀",
        "n": 5,
        "nul": None,
        "t": True,
    }
    assert rendered(f"{{{{{path}}}}}", variables) == printed
    *container, name = path.replace("[", "").replace("]", "").split(".", 1)
    assert rendered(f'{{{{lookup {container[0]} "{name}"}}}}', variables) == (
        printed if name != "a.b" else ""
    )


@pytest.mark.parametrize("falsy", [None, False, "", 0, []])
def test_what_if_takes_for_false(falsy: Any) -> None:
    assert (
        rendered("{{#if x}}yes{{else}}no{{/if}}{{#unless x}}no{{else}}yes{{/unless}}", {"x": falsy}) == "nono"
    )


@pytest.mark.parametrize("truthy", [True, "0", " ", 1, -1, [0], {}, {"a": 1}])
def test_what_if_takes_for_true(truthy: Any) -> None:
    assert (
        rendered("{{#if x}}yes{{else}}no{{/if}}{{#unless x}}no{{else}}yes{{/unless}}", {"x": truthy})
        == "yesyes"
    )


def test_if_can_take_zero_for_something() -> None:
    source = "{{#if x includeZero=z}}yes{{else}}no{{/if}}"
    assert rendered(source, {"x": 0, "z": True}) == "yes"
    assert rendered(source, {"x": 0, "z": []}) == "yes"
    assert rendered(source, {"x": 0, "z": 0}) == "no"
    assert rendered(source, {"x": False, "z": True}) == "no"


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, "1", False),
        (1, True, False),
        (0, False, False),
        (None, None, True),
        (None, False, False),
        ("a", "a", True),
        ([1], [1], False),
        ({}, {}, False),
    ],
)
def test_equality_is_strict(left: Any, right: Any, equal: bool) -> None:
    source = "{{#ifEquals a b}}yes{{else}}no{{/ifEquals}} {{#unlessEquals a b}}no{{else}}yes{{/unlessEquals}}"
    assert rendered(source, {"a": left, "b": right}) == ("yes yes" if equal else "no no")


def test_null_is_not_what_is_missing() -> None:
    source = "{{#ifEquals x null}}null{{/ifEquals}}{{#ifEquals x undefined}}missing{{/ifEquals}}"
    assert rendered(source, {"x": None}) == "null"
    assert rendered(source) == "missing"


def test_an_object_equals_itself() -> None:
    assert rendered("{{#ifEquals o o}}yes{{/ifEquals}}", {"o": {}}) == "yes"


def test_each_goes_through_arrays() -> None:
    source = "{{#each xs}}{{@index}}{{@key}}{{@first}}{{@last}}{{this}} {{/each}}"
    assert rendered(source, {"xs": ["a", "b"]}) == "00truefalsea 11falsetrueb "


def test_each_goes_through_objects_in_ecmascripts_order() -> None:
    source = "{{#each o}}{{@index}}{{@key}}{{@first}}{{@last}}{{this}} {{/each}}"
    assert rendered(source, {"o": {"b": 1, "10": 2, "9": 3}}) == "09truefalse3 110falsefalse2 2bfalsetrue1 "


@pytest.mark.parametrize("nothing", [None, "text", 5, 0, True, [], {}])
def test_each_of_anything_else_is_what_stands_after_else(nothing: Any) -> None:
    assert rendered("{{#each x}}some{{else}}none {{y}}{{/each}}", {"x": nothing, "y": "Y"}) == "none Y"


@pytest.mark.parametrize(("value", "shown"), [({"a": "A"}, "A"), ({}, ""), (0, ""), ("s", "")])
def test_with_enters_what_there_is(value: Any, shown: str) -> None:
    assert rendered("{{#with x}}in {{a}}{{else}}out{{/with}}", {"x": value, "a": "no"}) == f"in {shown}"


@pytest.mark.parametrize("nothing", [None, False, "", []])
def test_with_of_nothing_is_what_stands_after_else(nothing: Any) -> None:
    assert rendered("{{#with x}}in{{else}}out {{a}}{{/with}}", {"x": nothing, "a": "A"}) == "out A"


def test_two_dots_leave_each_and_with_but_not_if() -> None:
    inside = "{{../s}}{{#with this}}{{../s}}{{/with}}{{#with o}}{{../../s}}{{/with}}"
    source = f"{{{{#each xs}}}}{{{{#if ../s}}}}{inside}{{{{/if}}}}{{{{/each}}}}"
    assert rendered(source, {"s": "S", "xs": [{"o": {"p": 1}}]}) == "SSS"


def test_a_block_on_a_null_sees_an_empty_object() -> None:
    assert (
        rendered("{{#each xs}}{{this}}{{#if true}}{{this}}{{../s}}{{/if}}{{/each}}", {"xs": [None], "s": "S"})
        == "{}S"
    )


def test_data_of_outer_loops() -> None:
    source = "{{#each o}}{{#each this}}{{@../key}}{{@index}}{{@root.s}}{{@state.v}} {{/each}}{{/each}}"
    variables = {"o": {"a": ["x", "y"], "b": ["z"]}, "s": "S"}
    assert rendered(source, variables, {"state": {"v": "V"}}) == "a0SV a1SV b0SV "


def test_data_is_not_followed_beyond_what_is_false() -> None:
    assert rendered("{{#each xs}}{{@index.x}}{{@first.x}}{{/each}}", {"xs": [1, 2]}) == "0false"


def test_block_parameters() -> None:
    source = "{{#each o as |v k|}}{{#with v.p as |w more|}}{{k}}{{w}}{{v.p}}{{more}}{{/with}}{{k}} {{/each}}"
    assert rendered(source, {"o": {"a": {"p": 1}, "b": {"p": 2}}}) == "a11a b22b "


def test_lookup() -> None:
    variables = {
        "o": {"a": "A", "1": "one", "null": "N", "undefined": "U"},
        "xs": ["x", "y"],
        "k": "a",
        "s": "",
    }
    assert rendered("{{lookup o k}}{{lookup o 1}}{{lookup xs 1}}{{lookup o nothing}}", variables) == "AoneyU"
    assert (
        rendered("{{lookup o null}}{{lookup zero 'x'}}{{lookup s 'length'}}", {**variables, "zero": 0})
        == "N0"
    )


@pytest.mark.parametrize(
    ("indent", "printed"),
    [
        ("2", '{\n  "a": [\n    1\n  ]\n}'),
        ("'--'", '{\n--"a": [\n----1\n--]\n}'),
        ("0", '{"a":[1]}'),
        ("-1", '{"a":[1]}'),
        ("1.9", '{\n "a": [\n  1\n ]\n}'),
        ("true", '{"a":[1]}'),
        ("null", '{"a":[1]}'),
        ("20", '{\n          "a": [\n                    1\n          ]\n}'),
        (
            "'12345678901'",
            '{\n1234567890"a": [\n12345678901234567890 1\n1234567890]\n}'.replace("90 1", "901"),
        ),
    ],
)
def test_json_is_indented_as_ecmascript_does(indent: str, printed: str) -> None:
    assert rendered(f"{{{{json o indent={indent}}}}}", {"o": {"a": [1]}}) == printed


def test_a_partial_sees_the_context_of_its_place() -> None:
    assert (
        rendered("{{> p}}{{#with o}}{{> p}}{{/with}}{{> p o}}", {"a": 1, "o": {"a": 2}}, p="{{a}}") == "122"
    )


def test_a_partials_values_lie_over_its_context() -> None:
    source = '{{> p}} {{> p a="x" b=c}} {{> p o a=nothing}}'
    assert rendered(source, {"a": 1, "c": 3, "o": {"a": 4, "b": 5}}, p="{{a}}{{b}}") == "1 x3 5"


def test_a_partials_values_make_an_object_of_any_context() -> None:
    assert rendered(
        "{{> p xs z=1}}{{> p s z=1}}{{> p n z=1}}", {"xs": ["a"], "s": "b😀", "n": 5}, p="{{json this}}"
    ) == ('{"0":"a","z":1}{"0":"b","1":"\ufffd","2":"\ufffd","z":1}{"z":1}')


def test_a_partial_cannot_leave_its_context_but_sees_the_data() -> None:
    source = "{{#each xs}}{{> p}}{{/each}}"
    assert rendered(source, {"xs": ["a"], "s": "S"}, p="{{this}}{{../s}}{{@index}}{{@root.s}}") == "a0S"


def test_block_parameters_are_not_seen_in_partials() -> None:
    assert rendered("{{#each xs as |x|}}{{> p}}{{/each}}", {"xs": [{"x": "own"}]}, p="{{x}}") == "own"


def test_partials_may_reach_themselves() -> None:
    tree = {"v": 1, "kids": [{"v": 2, "kids": [{"v": 3}]}, {"v": 4}]}
    assert rendered("{{> tree}}", tree, tree="{{v}}{{#each kids}}({{> tree}}){{/each}}") == "1(2(3))(4)"


def test_a_partial_that_is_not_there_is_found_out_before_rendering() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        compiled("{{#if x}}{{> nowhere}}{{/if}}")


def refusal(source: str, variables: dict[str, Any], **partials: str) -> AppError:
    with pytest.raises(AppError) as refused:
        compiled(source, **partials).render(variables)
    return refused.value


def test_endless_partials_are_stopped() -> None:
    refused = refusal("{{> p}}", {}, p="{{> p}}")
    assert (refused.problem, refused.status) == ("render_depth", 422)


def test_depth_counts_blocks_and_partials_alike() -> None:
    chain: dict[str, Any] = {
        f"p{level}": f"{{{{#if true}}}}{{{{> p{level + 1}}}}}{{{{/if}}}}" for level in range(31)
    }
    assert rendered("{{> p0}}", {}, **chain, p31="end") == "end"
    assert (
        refusal("{{#if true}}{{#if true}}{{> p0}}{{/if}}{{/if}}", {}, **chain, p31="end").problem
        == "render_depth"
    )


def test_iterations_are_bounded_over_all_loops() -> None:
    half: list[Any] = [0] * (BOUNDS["render_loops"] // 2)
    source = "{{#each xs}}{{/each}}{{#each xs}}{{/each}}"
    assert rendered(source, {"xs": half}) == ""
    assert refusal(source + "{{#each ys}}{{/each}}", {"xs": half, "ys": [0]}).problem == "render_loops"


def test_partials_that_branch_are_bounded() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20):
        deep = {"next": deep}
    assert refusal("{{> p}}", deep, p="{{#with next}}{{> p}}{{> p}}{{/with}}").problem == "render_loops"


def test_output_is_bounded_in_utf_16_code_units() -> None:
    limit = BOUNDS["render_characters"]
    assert len(rendered("{{x}}", {"x": "a" * (limit - 2)})) == limit - 2
    assert refusal("|{{x}}|", {"x": "a" * (limit - 1)}).problem == "render_size"
    assert refusal("|{{x}}|", {"x": "😀" * (limit // 2)}).problem == "render_size"


def test_indentation_counts_before_it_is_written() -> None:
    lines = "\n" * (BOUNDS["render_characters"] // 2)
    assert refusal("a\n  {{> p}}\n", {"x": lines}, p="{{x}}").problem == "render_size"


CONTEXTS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab<{}>\n", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "0"]), inner, max_size=3)
    ),
    max_leaves=8,
)
EVERYTHING = """{{#each x as |v k|}}{{v}}{{k}}{{#with ../y}}{{x}}{{> p z=v}}{{/with}}{{@index}}{{/each}}
  {{> p x}}
{{#if y}}{{lookup x y}}{{json this indent=y}}{{/if}}{{media url=x}}"""


@given(variables=st.dictionaries(st.sampled_from(["x", "y"]), CONTEXTS))
def test_no_variables_make_a_rendering_fail(variables: dict[str, Any]) -> None:
    values: Any = normalize(variables)
    assert (
        compiled(EVERYTHING, p="{{x}}{{#each this}}{{@key}}{{this}}{{/each}}{{y.length}}").render(values)
        is not None
    )
