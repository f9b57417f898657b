"""What an SDK is made of, from a bundle and options."""

from typing import TYPE_CHECKING, cast

import pytest

from promptstudio.prompts.bundle import DEFAULT_LABEL
from promptstudio.prompts.validate import compile_schema
from promptstudio_generators.names import UnfitNameError
from promptstudio_generators.sdks import build
from promptstudio_generators.sdks.build import build_package
from promptstudio_generators.sdks.model import STRING, Enum, Object, VersionNote
from promptstudio_generators.sdks.options import SdkOptions, SdkOptionsError
from tests.generators.projects import bundle

if TYPE_CHECKING:
    from promptstudio.values import Json


def test_prompts_are_in_the_order_of_their_names() -> None:
    document = bundle()
    prompts = cast("dict[str, Json]", document["prompts"])
    turned: dict[str, Json] = {**document, "prompts": dict(reversed(prompts.items()))}
    package = build_package(turned, SdkOptions(name="acme"))
    assert [each.name for each in package.prompts] == ["greet", "sort", "speak", "translate"]
    assert package == build_package(document, SdkOptions(name="acme"))


def test_a_prompt_is_what_its_callers_see_of_it() -> None:
    package = build_package(bundle(), SdkOptions(name="acme", prompts=("greet", "sort")))
    greet, sort = package.prompts
    assert (greet.version, greet.versions, greet.output) == (2, (VersionNote(2, None),), None)
    assert [(each.name, each.type) for each in greet.variables.required] == [("name", STRING)]
    assert [(each.name, each.type) for each in greet.variables.optional] == [
        ("tone", Enum(("warm", "formal")))
    ]
    assert isinstance(sort.output, Object)
    assert [each.name for each in sort.output.required] == ["label"]


def test_a_sample_fits_and_holds_what_has_to_be_there() -> None:
    document = bundle()
    for prompt in build_package(document, SdkOptions(name="acme")).prompts:
        assert set(prompt.sample) == {each.name for each in prompt.variables.required}
        rows = cast("dict[str, dict[str, dict[str, dict[str, dict[str, Json]]]]]", document["prompts"])
        schema = rows[prompt.name]["versions"][str(prompt.version)]["input"]["schema"]
        assert compile_schema(cast("dict[str, Json]", schema))(dict(prompt.sample), "")[1] == []


def test_without_a_label_the_version_that_answers_by_default_is_meant() -> None:
    document = bundle()
    greet = cast("dict[str, dict[str, dict[str, Json]]]", document["prompts"])["greet"]
    greet["versions"] |= {"3": greet["versions"]["2"], "10": greet["versions"]["2"]}
    greet["latest"] = 10  # type: ignore[assignment]
    options = SdkOptions(name="acme", prompts=("greet",))
    (pinned,) = build_package(document, options).prompts
    assert (pinned.version, [each.number for each in pinned.versions]) == (2, [10, 3, 2])
    greet["labels"] = {"staging": 3}
    assert build_package(document, options).prompts[0].version == 10
    labelled = SdkOptions(name="acme", prompts=("greet",), label="staging")
    assert build_package(document, labelled).prompts[0].version == 3


def test_the_label_that_answers_by_default_is_the_bundles() -> None:
    assert build._DEFAULT_LABEL == DEFAULT_LABEL


def test_a_bundle_that_no_compiler_made_is_refused() -> None:
    document: dict[str, Json] = {**bundle(), "prompts": {"a/b": {}}}
    with pytest.raises(UnfitNameError):
        build_package(document, SdkOptions(name="acme"))


def test_a_prompt_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SdkOptionsError, match="There are: greet, sort, speak, translate"):
        build_package(bundle(), SdkOptions(name="acme", prompts=("greet", "x")))
