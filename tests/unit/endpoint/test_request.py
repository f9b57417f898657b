import pytest

from promptstudio.endpoint.request import read_json, read_run
from promptstudio.errors import AppError
from promptstudio.messages import Media, Message, Text
from promptstudio.values import Json


def errors_of(body: dict[str, Json]) -> list[str]:
    with pytest.raises(AppError) as caught:
        read_run(body)
    assert caught.value.problem == "fields_invalid"
    return [repr(error) for error in caught.value.errors]


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b" application/json ",
    ],
)
def test_json_in_utf_8_is_read(content_type: bytes) -> None:
    assert read_json(content_type, b'{"a":1.0}') == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"text/plain",
        b"application/jsonp",
        b"application/json; charset=latin-1",
        b"text/json",
        b"a/b+json",
    ],
)
def test_other_types_are_refused(content_type: bytes | None) -> None:
    with pytest.raises(AppError) as caught:
        read_json(content_type, b"{}")
    assert caught.value.problem == "content_type"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "body_not_json"),
        (b"{'a':1}", "body_not_json"),
        (b'{"a":NaN}', "body_not_json"),
        (b'"\xff"', "body_not_json"),
        (b"\xef\xbb\xbf{}", "body_bom"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "body_depth"),
        (b'{"a":1e400}', "body_number"),
        (b'{"a":"\\ud800"}', "body_surrogate"),
        (b"[1]", "body_not_object"),
        (b"null", "body_not_object"),
    ],
)
def test_a_body_that_is_no_json_object_says_why(body: bytes, problem: str) -> None:
    with pytest.raises(AppError) as caught:
        read_json(b"application/json", body)
    assert caught.value.problem == problem


def test_an_empty_body_asks_for_the_default_version_without_variables() -> None:
    request = read_run({})
    assert (request.variables, request.stream, request.messages) == ({}, None, [])
    assert (request.version, request.label, request.user) == (None, None, None)


def test_every_member_is_accepted() -> None:
    request = read_run(
        {
            "variables": {"a": 1},
            "stream": False,
            "messages": [{"role": "user", "content": "Hi"}],
            "version": 3,
            "cache": "refresh",
            "user": "u",
            "metadata": {"k": [1]},
        }
    )
    assert (request.variables, request.stream, request.version, request.user) == ({"a": 1}, False, 3, "u")


def test_a_history_has_texts_and_media() -> None:
    media: Json = {"media": {"url": "https://x.example/a.png", "content_type": "image/png"}}
    content: list[Json] = [{"text": "Look:"}, media, {"media": {"url": "data:,x"}}]
    history: list[Json] = [{"role": "user", "content": content}, {"role": "model", "content": ""}]
    parts = (Text("Look:"), Media("https://x.example/a.png", "image/png"), Media("data:,x"))
    assert read_run({"messages": history}).messages == [
        Message("user", parts, history=True),
        Message("model", (Text(""),), history=True),
    ]


def test_all_errors_are_named_in_the_order_of_their_pointers() -> None:
    body: dict[str, Json] = {"variables": [], "stream": "yes", "nope": 1, "cache": "never", "version": -1}
    assert errors_of(body) == [
        '/cache: "never" is not one of default, bypass, refresh',
        "/nope: is not a member of this body",
        '/stream: "yes" is not true or false',
        "/variables: [] is not an object",
        "/version: -1 is less than 0",
    ]


def test_version_and_label_exclude_each_other() -> None:
    assert errors_of({"version": 1, "label": "production"}) == ["/label: cannot stand beside version"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Hi", '/messages/0: "Hi" is not an object'),
        ({"content": "Hi"}, "/messages/0/role: is required"),
        ({"role": "user"}, "/messages/0/content: is required"),
        ({"role": "system", "content": "Hi"}, '/messages/0/role: "system" is not one of user, model'),
        ({"role": "user", "content": 5}, "/messages/0/content: 5 is not a string or an array"),
        (
            {"role": "user", "content": "Hi", "name": "x"},
            "/messages/0/name: is not a property of this object",
        ),
        (
            {"role": "user", "content": [{"text": "a", "media": {}}]},
            '/messages/0/content/0: {"text":"a","media":{}} fits none of the allowed forms',
        ),
    ],
)
def test_a_broken_history_names_the_place(message: Json, error: str) -> None:
    assert errors_of({"messages": [message]}) == [error]


def test_a_hundred_errors_are_listed_at_most() -> None:
    assert len(errors_of({f"m{index}": 1 for index in range(200)} | {"version": 1, "label": "x"})) == 100
