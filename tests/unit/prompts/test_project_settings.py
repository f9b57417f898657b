"""promptstudio.toml: what it may say, and where it is wrong."""

import pytest

from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.project_settings import parse_settings
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.providers.cost import Price

WHOLE = """\
name = "acme"
prompts = "texts"
model = "ollama/llama3.2"

[providers.ollama]
type = "openai-chat"
base_url = "http://127.0.0.1:11434/v1/"
headers = { x-team = "a" }
timeout_s = 60

[providers.openai]
api_key_env = "TEAM_KEY"

[models."ollama/llama3.2"]
input = "0.15"
output = 0.6
cached = "0.0075"

[endpoint]
body_limit = 2000
cors_origins = ["https://acme.example"]
"""


def test_all_that_it_may_say() -> None:
    settings = parse_settings(WHOLE, "promptstudio.toml")
    assert (settings.name, settings.prompts, settings.model) == ("acme", "texts", "ollama/llama3.2")
    assert settings.providers["ollama"] == Provider(
        "ollama", "openai-chat", "http://127.0.0.1:11434/v1", None, {"x-team": "a"}, 60
    )
    assert settings.prices == {"ollama/llama3.2": Price(150000, 600000, 7500, 150000)}
    assert (settings.body_limit, settings.cors_origins) == (2000, ("https://acme.example",))


def test_a_declaration_goes_over_the_built_in_provider_of_its_name() -> None:
    built_in, declared = PROVIDERS["openai"], parse_settings(WHOLE, "").providers["openai"]
    assert declared.api_key_env == "TEAM_KEY"
    assert (declared.type, declared.base_url) == (built_in.type, built_in.base_url)


def test_an_empty_file_is_enough() -> None:
    settings = parse_settings("", "", "acme")
    assert (settings.name, settings.prompts, settings.model) == ("acme", "prompts", "echo/echo")
    assert settings.prices == {}
    assert settings.providers == PROVIDERS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[providers.openai.headers]\nHost = "x"',
            "2:1: error: providers.openai.headers.Host: is set for each",
        ),
        ('name = "a"\nnmae = 1', "2:1: error: nmae: is not a property of this object"),
        (
            'name = "a"\n\n[endpoint]\n  limit = 1',
            "4:3: error: endpoint.limit: is not a property of this object",
        ),
        ('name = "a"\n[endpoint]\nbody_limit = 0', "3:1: error: endpoint.body_limit: 0 is less than 1"),
        *(
            (
                f'name = "a"\n[endpoint]\ncors_origins = ["https://b.example:80", "*", "{origin}"]',
                f"3:1: error: endpoint.cors_origins: {origin} is no origin: write it as",
            )
            for origin in ("https://a.example/", "a.example", "https://A.example", "http://a,http://b", "")
        ),
        ("name = 5", "1:1: error: name: 5 is not a string"),
        (
            'name = "a"\nmodel = "gpt"',
            "2:1: error: model: gpt is not a model's name, which is provider/model",
        ),
        (
            'name = "a"\nmodel = "x/y"',
            "2:1: error: model: there is no provider x: declare it as [providers.x]",
        ),
        ('name = "a', "1:10: error: this is not TOML: "),
        ('name = "a"\nname = "b"', "2:11: error: this is not TOML: "),
        ('name = "a"\n[endpoint]\nbody_limit = inf', "1:1: error: a number is not finite"),
        (f"name = {'[' * 5000}", "1:1: error: a number is not finite, or tables are nested too deep"),
        ('name = "a"\n[providers.x]', "2:1: error: providers.x: type is missing"),
        (
            'name = "a"\n[providers.x]\ntype = "openai-chat"',
            "2:1: error: providers.x: base_url is missing",
        ),
        (
            'name = "a"\n[providers.x]\ntype = "gemini"\nbase_url = "http://x"',
            '3:1: error: providers.x.type: "gemini" is not one of openai, openai-chat, anthropic, echo',
        ),
        (
            'name = "a"\n[providers.x]\ntype = "openai"\nbase_url = "ftp://x"',
            "4:1: error: providers.x.base_url: has to be an http or https URL",
        ),
        (
            'name = "a"\n[providers.x]\ntype = "openai"\nbase_url = "https://key@host/v1"',
            "4:1: error: providers.x.base_url: has to be an http or https URL",
        ),
        *(
            (
                f'name = "a"\n[providers.x]\ntype = "openai"\nbase_url = "{url}"',
                "4:1: error: providers.x.base_url: has to be an http or https URL, its port at most 65535",
            )
            for url in (
                "http://host:65536",
                "http://host:0/v1",
                "http://host:v1",
                "http://:80",
                "http://[::1",
            )
        ),
        (
            'name = "a"\n[providers.openai]\napi_key_env = "sk-proj-123"',
            "3:1: error: providers.openai.api_key_env: has to be the name of an environment variable",
        ),
        (
            'name = "a"\n[providers.openai.headers]\n"x y" = "b"',
            "3:1: error: providers.openai.headers.x y: is not an HTTP header that can be sent",
        ),
        (
            'name = "a"\n[providers.openai]\nheaders = { x = "a\\nb: c" }',
            "3:1: error: providers.openai.headers.x: is not an HTTP header that can be sent",
        ),
        ('name = "a"\n[providers.My]\ntype = "echo"', "2:1: error: providers.My: a provider's name has"),
        (
            'name = "a"\n[models."m"]\ninput = 1\noutput = 1',
            "2:1: error: models.m: a model is named provider/model",
        ),
        (
            'name = "a"\n[models."p/m"]\ninput = "free"\noutput = "-1"',
            "3:1: error: models.p/m.input: is not a price",
        ),
        ('name = "a"\n[models."p/m"]\ninput = 1', "2:1: error: models.p/m.output: is required"),
        ('name = "a"\nprompts = [\n  "x = 1",\n]', "2:1: error: prompts: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(CompileError) as raised:
        parse_settings(text, "promptstudio.toml")
    assert str(raised.value).startswith(f"promptstudio.toml:{problem}")


def test_all_problems_are_told() -> None:
    with pytest.raises(CompileError) as raised:
        parse_settings("a = 1\nb = 1\n", "")
    assert len(raised.value.diagnostics) == 2
