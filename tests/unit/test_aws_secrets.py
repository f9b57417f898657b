"""Secrets from Parameter Store: signed as AWS's own SDK signs, and read from moto."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

from promptstudio.parameter_store import ParametersError, read_parameters, sign

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

LAMBDA = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret/+",
}
URL = "https://ssm.eu-central-1.amazonaws.com/"


@pytest.mark.parametrize("token", [{}, {"AWS_SESSION_TOKEN": "token//=="}])
def test_a_request_is_signed_as_the_sdk_signs_it(
    token: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 24, 9, 8, 7, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None))
    ours = sign(URL, b'{"Path":"/a"}', "eu-central-1", {**LAMBDA, **token}, now)
    unsigned = {name: ours[name] for name in ("content-type", "x-amz-target")}
    request = AWSRequest("POST", URL, unsigned, b'{"Path":"/a"}')
    key = Credentials(
        LAMBDA["AWS_ACCESS_KEY_ID"], LAMBDA["AWS_SECRET_ACCESS_KEY"], token.get("AWS_SESSION_TOKEN")
    )
    SigV4Auth(key, "ssm", "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}/"
    server.stop()


def test_every_parameter_below_the_path_is_read_page_by_page(endpoint: str) -> None:
    client: SSMClient = boto3.client(
        "ssm",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    names = [f"KEY_{number}" for number in range(25)]
    for name in names:
        client.put_parameter(Name=f"/acme/{name}", Value=f"value of {name} ä", Type="SecureString")
    client.put_parameter(Name="/other/KEY", Value="foreign", Type="SecureString")
    client.close()
    found = read_parameters("/acme", {**LAMBDA, "AWS_ENDPOINT_URL_SSM": endpoint})
    assert found == {name: f"value of {name} ä" for name in names}


class _Refusing(BaseHTTPRequestHandler):
    status = 503
    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        self.send_error(self.status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing is logged."""


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (400, 1)])
def test_a_store_that_refuses_is_named_and_asked_again_where_that_may_help(
    status: int, attempts: int
) -> None:
    _Refusing.status, _Refusing.asked = status, 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environ = {**LAMBDA, "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{server.server_port}/"}
        with pytest.raises(ParametersError, match=f"answered {status}"):
            read_parameters("/acme", environ)
        server.shutdown()
    assert _Refusing.asked == attempts


def test_a_store_that_is_not_there_is_named() -> None:
    with pytest.raises(ParametersError, match="did not answer"):
        read_parameters("/acme", {**LAMBDA, "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:9/"})
