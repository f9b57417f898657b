import pytest

from promptstudio.settings import Settings, SettingsError, parse_settings


def test_an_empty_environment_gives_the_protocols_own_bounds() -> None:
    assert parse_settings({}) == Settings(keys=None, cors_origins=(), body_limit=1048576)


def test_the_environment_goes_before_what_the_project_says() -> None:
    environ = {
        "PROMPTSTUDIO_KEYS": "[]",
        "PROMPTSTUDIO_CORS_ORIGINS": "https://a.example, https://b.example,",
        "PROMPTSTUDIO_BODY_LIMIT": "2048",
    }
    settings = parse_settings(environ, body_limit=9, cors_origins=["https://c.example"])
    assert settings == Settings("[]", ("https://a.example", "https://b.example"), 2048)


def test_origins_may_be_named_without_a_prefix() -> None:
    assert parse_settings({"CORS_ORIGINS": "https://a.example"}).cors_origins == ("https://a.example",)
    both = {"CORS_ORIGINS": "https://a.example", "PROMPTSTUDIO_CORS_ORIGINS": "https://b.example"}
    assert parse_settings(both).cors_origins == ("https://b.example",)


def test_what_the_project_says_stands_in_for_the_environment() -> None:
    settings = parse_settings({}, body_limit=9, cors_origins=["https://c.example"])
    assert settings == Settings(None, ("https://c.example",), 9)


@pytest.mark.parametrize("text", ["", "0", "-1", "1k", "1.5", "²"])
def test_a_body_limit_that_is_no_number_of_bytes_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="PROMPTSTUDIO_BODY_LIMIT"):
        parse_settings({"PROMPTSTUDIO_BODY_LIMIT": text})
