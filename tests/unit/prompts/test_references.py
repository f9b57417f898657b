"""What templates refer to, where they refer to each other."""

from promptstudio.prompts.references import TemplateFile, undeclared_variables
from promptstudio.prompts.template import parse


def file(path: str, text: str) -> TemplateFile:
    return TemplateFile(path, text, parse(text))


def test_a_partials_undeclared_variable_is_named_once_in_however_many_ways_it_is_reached() -> None:
    """Each of these brings in all, in two ways: there are far more ways than can be gone one by one."""
    every = "".join(f"{{{{> x{n} a{n}=1}}}}{{{{> x{n} b{n}=1}}}}" for n in range(20))
    partials = {f"x{n}": file(f"_x{n}.prompt", f"{{{{a{n}}}}}{{{{c}}}}{every}") for n in range(20)}
    found = undeclared_variables(file("p.prompt", every), frozenset({"c"}), partials)
    assert sorted(str(each) for each in found) == sorted(
        f"_x{n}.prompt:1:3: error: the template uses a{n}, which input.schema does not declare in p.prompt"
        for n in range(20)
    )
