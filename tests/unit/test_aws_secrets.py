"""Secrets from Parameter Store and Secrets Manager: signed as AWS's own SDK signs, and read from moto."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.error import HTTPError
from urllib.request import Request

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from promptstudio.aws_secrets import SecretsError, read_secrets, sign

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

LAMBDA = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret/+",
}
SSM, SECRETS_MANAGER = "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_SECRETS_MANAGER"
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
CREDENTIALS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(
    service=NAMES,
    region=NAMES,
    target=CREDENTIALS,
    body=st.binary(max_size=200),
    key=CREDENTIALS,
    secret=CREDENTIALS,
    token=st.none() | CREDENTIALS,
    now=st.datetimes(timezones=st.just(UTC)),
)
def test_a_request_is_signed_as_the_sdk_signs_it(
    service: str,
    region: str,
    target: str,
    body: bytes,
    key: str,
    secret: str,
    token: str | None,
    now: datetime,
) -> None:
    url = f"https://{service}.{region}.amazonaws.com/"
    environ = {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    if token is not None:
        environ["AWS_SESSION_TOKEN"] = token
    ours = sign(service, target, url, body, environ, now)
    unsigned = {name: ours[name] for name in ("content-type", "x-amz-target")}
    request = AWSRequest("POST", url, unsigned, body)
    with patch("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None)):
        SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}/"
    server.stop()


@pytest.fixture
def client(moto: str) -> Iterator[Callable[[str], Any]]:
    opened = []

    def connect(service: str) -> Any:
        credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        opened.append(
            boto3.client(service, endpoint_url=moto, region_name="eu-central-1", **credentials)  # type: ignore[call-overload]
        )
        return opened[-1]

    yield connect
    for made in opened:
        made.close()


def test_every_parameter_below_the_path_is_read_page_by_page(moto: str, client: Callable[[str], Any]) -> None:
    ssm: SSMClient = client("ssm")
    names = [f"KEY_{number}" for number in range(25)]
    for name in names:
        ssm.put_parameter(Name=f"/acme/{name}", Value=f"value of {name} ä", Type="SecureString")
    ssm.put_parameter(Name="/other/KEY", Value="foreign", Type="SecureString")
    found = read_secrets({**LAMBDA, "PROMPTSTUDIO_PARAMETERS": "/acme", SSM: moto})
    assert found == {name: f"value of {name} ä" for name in names}


def test_one_secret_holds_them_all(moto: str, client: Callable[[str], Any]) -> None:
    values = {"PROMPTSTUDIO_KEYS": '[{"id":"key_1"}]', "OPENAI_API_KEY": "sk-ä"}
    arn = client("secretsmanager").create_secret(Name="acme", SecretString=json.dumps(values))["ARN"]
    assert read_secrets({**LAMBDA, "PROMPTSTUDIO_SECRET": arn, SECRETS_MANAGER: moto}) == values


@pytest.mark.parametrize("text", ["sk-plain", "[]", '{"OPENAI_API_KEY": 7}', '{"A": {"B": "c"}}', ""])
def test_a_secret_that_is_no_object_of_texts_is_named_and_not_quoted(text: str) -> None:
    answer = json.dumps({"Name": "acme", "SecretString": text})
    with answering(200, answer) as server, pytest.raises(SecretsError) as refused:
        read_secrets({**LAMBDA, "PROMPTSTUDIO_SECRET": "acme", SECRETS_MANAGER: server.url})
    expected = "The secret in Secrets Manager should be a JSON object of names and texts."
    assert str(refused.value) == expected


def test_where_nothing_is_named_nobody_is_asked() -> None:
    assert read_secrets(LAMBDA) == {}


class _Server(ThreadingHTTPServer):
    def __init__(self, status: int, body: str, missing: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.missing, self.asked = status, body.encode(), missing, 0
        self.url = f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.server.asked += 1
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body) + self.server.missing))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing is logged."""


class answering:  # noqa: N801 - read as a verb
    """A service that gives the same answer to whoever asks, until the context ends; so many of its bytes are
    `missing` at its end."""

    def __init__(self, status: int, body: str = "", missing: int = 0) -> None:
        self._server = _Server(status, body, missing)

    def __enter__(self) -> _Server:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self._server

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "attempts"),
    [
        (503, "", 3),
        (429, "", 3),
        (400, '{"__type":"ThrottlingException"}', 3),
        (400, '{"__type":"AccessDeniedException"}', 1),
    ],
)
@pytest.mark.parametrize(
    ("variable", "endpoint", "title"),
    [
        ("PROMPTSTUDIO_PARAMETERS", SSM, "Parameter Store"),
        ("PROMPTSTUDIO_SECRET", SECRETS_MANAGER, "Secrets Manager"),
    ],
)
def test_a_store_that_refuses_is_named_and_asked_again_where_that_may_help(
    variable: str, endpoint: str, title: str, status: int, body: str, attempts: int
) -> None:
    with answering(status, body) as server, pytest.raises(SecretsError) as refused:
        read_secrets({**LAMBDA, variable: "/acme", endpoint: server.url})
    assert str(refused.value) == f"{title} answered {status}."
    assert server.asked == attempts


def test_a_store_that_is_not_there_is_named() -> None:
    environ = {**LAMBDA, "PROMPTSTUDIO_PARAMETERS": "/acme", SSM: "http://127.0.0.1:9/"}
    with pytest.raises(SecretsError, match="Parameter Store did not answer"):
        read_secrets(environ)


@pytest.mark.parametrize(
    ("status", "body", "missing", "told"),
    [
        (200, '{"Par', 100, "did not answer"),
        (200, '{"Par', 0, "did not answer"),
        (400, '{"__type":"Thr', 100, "answered 400"),
    ],
)
def test_an_answer_that_breaks_off_or_is_no_json_is_named_and_asked_for_again(
    status: int, body: str, missing: int, told: str
) -> None:
    with answering(status, body, missing) as server, pytest.raises(SecretsError) as refused:
        read_secrets({**LAMBDA, "PROMPTSTUDIO_PARAMETERS": "/acme", SSM: server.url})
    assert str(refused.value) == f"Parameter Store {told}."
    assert server.asked == 3


def test_an_answer_whose_reason_cannot_be_read_is_named() -> None:
    """A connection that is reset, or that says nothing more, while an error's body is read."""

    class Reset(BytesIO):
        def read(self, *_: object) -> bytes:
            raise ConnectionResetError

    def answer(request: Request, timeout: float) -> None:
        raise HTTPError(request.full_url, 400, "Bad Request", Message(), Reset())

    environ = {**LAMBDA, "PROMPTSTUDIO_PARAMETERS": "/acme"}
    with patch("urllib.request.urlopen", answer), pytest.raises(SecretsError) as refused:
        read_secrets(environ)
    assert str(refused.value) == "Parameter Store answered 400."
