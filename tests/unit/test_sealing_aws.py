"""Sealing keys in AWS, against moto; denial, silence and expiry against a client that does as it is told."""

import asyncio
import base64
import logging
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from pydantic import SecretStr

from promptstudio import sealing_aws
from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Context, KeyEncryptionKey, Sealer
from promptstudio.sealing_aws import KmsKey, kms_key, ssm_key
from promptstudio.sealing_fetched import KEPT_S

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

CONTEXT = Context("ws_a", "provider:openai", "https://api.openai.com:443")
SECRET = SecretStr("sk-canary-4711")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Spy:
    """A client of moto's that counts its calls, remembers them, and denies them once it is told to."""

    def __init__(self, service: str) -> None:
        self._client: Any = boto3.client(service)  # type: ignore[call-overload]
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.denied: str | None = None

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            if self.denied is not None:
                raise ClientError({"Error": {"Code": self.denied, "Message": "no"}}, name)
            return getattr(self._client, name)(**arguments)

        return call


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def kms(aws: None) -> Spy:
    return Spy("kms")


@pytest.fixture
def arn(aws: None) -> str:
    return boto3.client("kms").create_key()["KeyMetadata"]["Arn"]


def spied(kms: Spy, arn: str, clock: Clock) -> KmsKey:
    return KmsKey(arn, cast("KMSClient", kms), clock)


def put_parameter(value: str) -> None:
    boto3.client("ssm").put_parameter(Name="/key", Value=value, Type="SecureString", Overwrite=True)


async def failing(key: KeyEncryptionKey, sealed: str | None = None) -> PlatformError:
    with pytest.raises(PlatformError) as failed:
        await (Sealer(key).seal(SECRET, CONTEXT) if sealed is None else Sealer(key).open(sealed, CONTEXT))
    return failed.value


async def test_a_secure_string_seals_and_opens(aws: None) -> None:
    put_parameter(base64.b64encode(os.urandom(32)).decode())
    sealed = await Sealer(ssm_key("/key")).seal(SECRET, CONTEXT)
    assert await Sealer(ssm_key("/key")).open(sealed, CONTEXT) == SECRET


@pytest.mark.parametrize("value", ["tiny-canary", base64.b64encode(b"x" * 16).decode()])
async def test_a_parameter_that_is_no_key_is_unavailable_and_not_shown(
    aws: None, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_parameter(value)
    error = await failing(ssm_key("/key"))
    assert (error.problem, error.status) == ("sealing_unavailable", 503)
    assert "32 random bytes" in caplog.text
    assert value not in caplog.text + error.detail


async def test_a_parameter_that_is_not_there_is_unavailable(
    aws: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await failing(ssm_key("/key"))).problem == "sealing_unavailable"
    assert "ssm:/key cannot be had: ParameterNotFound" in caplog.text


async def test_kms_wraps_data_keys_in_the_context(kms: Spy, arn: str) -> None:
    sealer = Sealer(spied(kms, arn, Clock()))
    sealed = await sealer.seal(SECRET, CONTEXT)
    assert await sealer.open(sealed, CONTEXT) == SECRET
    context = {"workspace": "ws_a", "purpose": "provider:openai", "host": "https://api.openai.com:443"}
    assert [(name, call["EncryptionContext"], call["KeyId"]) for name, call in kms.calls] == [
        ("encrypt", context, arn),
        ("decrypt", context, arn),
    ]
    assert len(kms.calls[0][1]["Plaintext"]) == 32


async def test_kms_itself_refuses_another_context(arn: str) -> None:
    sealed = await Sealer(kms_key(arn)).seal(SECRET, CONTEXT)
    with pytest.raises(PlatformError) as refused:
        await Sealer(kms_key(arn)).open(sealed, Context("ws_b", CONTEXT.purpose, CONTEXT.host))
    assert refused.value.problem == "seal_invalid"


async def test_a_data_key_is_unwrapped_once_for_all_who_wait_and_kept_five_minutes(
    kms: Spy, arn: str
) -> None:
    clock = Clock()
    sealer = Sealer(spied(kms, arn, clock))
    sealed = await sealer.seal(SECRET, CONTEXT)
    assert await asyncio.gather(*(sealer.open(sealed, CONTEXT) for _ in range(50))) == [SECRET] * 50
    clock.now += KEPT_S - 1
    await sealer.open(sealed, CONTEXT)
    assert [name for name, _ in kms.calls] == ["encrypt", "decrypt"]
    clock.now += 1
    await sealer.open(sealed, CONTEXT)
    assert [name for name, _ in kms.calls] == ["encrypt", "decrypt", "decrypt"]


async def test_who_stops_waiting_takes_the_key_from_nobody_else(kms: Spy, arn: str) -> None:
    sealer = Sealer(spied(kms, arn, Clock()))
    sealed = await sealer.seal(SECRET, CONTEXT)
    first, second = (asyncio.ensure_future(sealer.open(sealed, CONTEXT)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == SECRET
    assert first.cancelled()


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ThrottlingException", "KMSInvalidStateException", "DisabledException"]
)
async def test_denied_means_unavailable_and_is_asked_again(
    kms: Spy, arn: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    sealer = Sealer(spied(kms, arn, Clock()))
    sealed = await sealer.seal(SECRET, CONTEXT)
    kms.denied = code
    for error in (await failing(sealer.current), await failing(sealer.current, sealed)):
        assert (error.problem, error.status, error.retry_after) == ("sealing_unavailable", 503, 5)
    assert code in caplog.text
    kms.denied = None
    assert await sealer.open(sealed, CONTEXT) == SECRET


async def test_no_more_data_keys_are_kept_than_there_is_room_for(
    kms: Spy, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_aws, "_DATA_KEYS_KEPT", 3)
    key = spied(kms, arn, Clock())
    for _ in range(5):
        await Sealer(key).open(await Sealer(key).seal(SECRET, CONTEXT), CONTEXT)
    assert len(key._data_keys) == 3


@pytest.mark.parametrize("service", ["kms", "ssm"])
async def test_a_service_that_says_nothing_is_unavailable_soon(
    service: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(
        sealing_aws,
        "_WAITS",
        Config(connect_timeout=0.1, read_timeout=0.1, retries={"total_max_attempts": 1}),
    )
    for name, value in (("REGION", "eu-central-1"), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}" if name != "REGION" else "AWS_DEFAULT_REGION", value)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(
            f"AWS_ENDPOINT_URL_{service.upper()}", f"http://127.0.0.1:{silent.getsockname()[1]}"
        )
        error = await failing(kms_key("alias/key") if service == "kms" else ssm_key("/key"))
    assert error.problem == "sealing_unavailable"
    assert "ReadTimeoutError" in caplog.text
    assert SECRET.get_secret_value() not in caplog.text
