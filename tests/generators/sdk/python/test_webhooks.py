"""Webhooks, signed by an implementation that is not ours."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from promptstudio_generators.runtime.sdk.python.errors import WebhookVerificationError
from promptstudio_generators.runtime.sdk.python.webhooks import verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_c2Vjb25kIHNlY3JldCBvZiBvdXJz"
NOW = 1_790_000_000.0
BODY = '{"event":"run.done","text":"Hällo"}'


def signed(body: str = BODY, secret: str = SECRET, at: float = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at)), "Webhook-Signature": signature}


def test_what_was_signed_with_the_secret_is_given() -> None:
    for body in (BODY, BODY.encode()):
        assert verify_webhook(body, signed(), SECRET, now=NOW) == json.loads(BODY)
    assert verify_webhook(BODY, signed(), SECRET.removeprefix("whsec_"), now=NOW) == json.loads(BODY)


def test_without_a_time_it_is_now() -> None:
    fresh = signed(at=datetime.now(UTC).timestamp())
    assert verify_webhook(BODY, fresh, SECRET) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError, match="too far"):
        verify_webhook(BODY, signed(at=1_000_000_000), SECRET)


def test_one_signature_of_several_is_enough() -> None:
    headers = signed()
    others = f"v1a,abc {signed(secret=OTHER)['Webhook-Signature']} nonsense"
    headers["Webhook-Signature"] = f"{others} {headers['Webhook-Signature']}"
    assert verify_webhook(BODY, headers, SECRET, now=NOW) == json.loads(BODY)


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (BODY + " ", {}),
        (BODY, {"Webhook-Id": "msg_2"}),
        (BODY, {"Webhook-Timestamp": str(int(NOW) + 1)}),
        (BODY, {"Webhook-Signature": signed(secret=OTHER)["Webhook-Signature"]}),
        (BODY, {"Webhook-Signature": signed()["Webhook-Signature"].replace("v1,", "v2,")}),
        (BODY, {"Webhook-Signature": "v1,"}),
        (BODY, {"Webhook-Signature": "v1"}),
        (BODY, {"Webhook-Signature": "v1,ä"}),
        (BODY, {"Webhook-Signature": "v1,\udce9"}),
        (BODY, {"Webhook-Id": "msg_\udce9"}),
        (BODY + "\ud800", {}),
    ],
)
def test_what_was_changed_or_signed_otherwise_is_refused(body: str, change: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError, match="No signature fits"):
        verify_webhook(body, {**signed(), **change}, SECRET, now=NOW)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_header_that_is_missing_is_named(name: str, is_there: bool) -> None:
    headers = {**signed(), name: ""}
    if not is_there:
        del headers[name]
    with pytest.raises(WebhookVerificationError, match=f"{name.lower()} is missing"):
        verify_webhook(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize("offset", [-301, 301])
def test_a_webhook_from_another_time_is_refused(offset: float) -> None:
    with pytest.raises(WebhookVerificationError, match="too far from now"):
        verify_webhook(BODY, signed(), SECRET, now=NOW - offset)
    assert verify_webhook(BODY, signed(), SECRET, now=NOW - offset, tolerance_s=302)


@pytest.mark.parametrize("offset", [-300, 300])
def test_five_minutes_are_near_enough(offset: float) -> None:
    assert verify_webhook(BODY, signed(), SECRET, now=NOW + offset)


@pytest.mark.parametrize("timestamp", ["-1", "1e9", "١", "9" * 16, "now"])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = hmac.new(key, f"msg_1.{timestamp}.{BODY}".encode(), hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    with pytest.raises(WebhookVerificationError, match="no time"):
        verify_webhook(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ä", "whsec_a", "whsec_a*b="])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(WebhookVerificationError, match="The secret is none") as caught:
        verify_webhook(BODY, signed(), secret, now=NOW)
    assert secret.removeprefix("whsec_") == "" or secret not in str(caught.value)


def test_a_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(WebhookVerificationError, match="not JSON"):
        verify_webhook("{", signed("{"), SECRET, now=NOW)


@given(headers=st.dictionaries(st.sampled_from(list(signed())), st.text()), body=st.binary())
def test_nothing_that_is_not_signed_is_more_than_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        verify_webhook(body, headers, SECRET, now=NOW)


def test_a_body_that_is_nested_too_deep_is_refused() -> None:
    body = "[" * 200_000
    with pytest.raises(WebhookVerificationError, match="nested"):
        verify_webhook(body, signed(body), SECRET, now=NOW)
