"""Signatures, beside the specification's own libraries."""

import base64
import json
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from promptstudio.webhooks.signing import TOLERANCE_S, is_genuine, new_secret, secret_bytes, signed_headers
from tests.conftest import NODE_MODULES

SECRETS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
IDS = st.from_regex(r"evt_[0-9a-f]{24}", fullmatch=True)
NOW = 1_800_000_000.0


@given(SECRETS, IDS, st.text().map(lambda text: json.dumps({"text": text})))
def test_the_python_library_verifies_ours_and_we_verify_its(secret: str, event: str, body: str) -> None:
    now = datetime.now(UTC)
    ours = signed_headers([secret], event, now.timestamp(), body.encode())
    assert Webhook(secret).verify(body, ours) == json.loads(body)
    theirs = {**ours, "webhook-signature": Webhook(secret).sign(event, now, body)}
    assert is_genuine(secret, theirs, body.encode(), now.timestamp())


@pytest.mark.needs("node")
def test_the_javascript_library_verifies_ours() -> None:
    secrets, body = [new_secret(), new_secret()], '{"text":"é \\u2028"}'
    headers = signed_headers(secrets, "evt_1", datetime.now(UTC).timestamp(), body.encode())
    program = """
      const { Webhook, WebhookVerificationError } = require("standardwebhooks");
      const { secrets, body, headers, other } = JSON.parse(process.argv[1]);
      for (const secret of secrets) new Webhook(secret).verify(body, headers);
      try { new Webhook(other).verify(body, headers); process.exit(1) }
      catch (error) { if (!(error instanceof WebhookVerificationError)) throw error }
    """
    told = json.dumps({"secrets": secrets, "body": body, "headers": headers, "other": new_secret()})
    subprocess.run(["node", "-e", program, told], cwd=NODE_MODULES.parent, check=True, timeout=60)


@given(SECRETS, SECRETS, IDS, st.binary(), st.binary())
def test_both_secrets_of_a_rotation_sign_and_no_other_passes(
    old: str, new: str, event: str, body: bytes, other: bytes
) -> None:
    headers = signed_headers([new, old], event, NOW, body)
    assert is_genuine(old, headers, body, NOW)
    assert is_genuine(new, headers, body, NOW)
    assert not is_genuine(new_secret(), headers, body, NOW)
    assert is_genuine(new, headers, other, NOW) == (other == body)


@given(SECRETS, st.data())
def test_a_signature_of_another_length_never_passes(secret: str, data: st.DataObject) -> None:
    headers = signed_headers([secret], "evt_1", NOW, b"{}")
    right = headers["webhook-signature"]
    length = data.draw(st.integers(0, len(right) - 1))
    longer = data.draw(st.text(min_size=1).filter(lambda text: " " not in text[:1]))
    for wrong in (right[:length], right + longer.replace(" ", "x"), "v1,", right.replace("v1,", "v2,"), ""):
        assert not is_genuine(secret, {**headers, "webhook-signature": wrong}, b"{}", NOW)


def test_a_header_that_is_missing_or_changed_never_passes() -> None:
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", NOW, b"{}")
    for name in headers:
        assert not is_genuine(secret, {k: v for k, v in headers.items() if k != name}, b"{}", NOW)
        for more in ("0", "\udc80"):
            assert not is_genuine(secret, {**headers, name: headers[name] + more}, b"{}", NOW)
    for timestamp in ("", "-1", "1.8e9", "nan", "１８００００００００"):
        assert not is_genuine(secret, {**headers, "webhook-timestamp": timestamp}, b"{}", NOW)


def test_a_signature_holds_for_five_minutes_either_way_like_the_library() -> None:
    secret, real = new_secret(), datetime.now(UTC).timestamp()
    headers = signed_headers([secret], "evt_1", NOW, b"{}")
    assert is_genuine(secret, headers, b"{}", NOW + TOLERANCE_S)
    assert is_genuine(secret, headers, b"{}", NOW - TOLERANCE_S)
    assert not is_genuine(secret, headers, b"{}", NOW + TOLERANCE_S + 1)
    assert not is_genuine(secret, headers, b"{}", NOW - TOLERANCE_S - 1)
    for skew in (-600, 600):
        skewed = signed_headers([secret], "evt_1", real + skew, b"{}")
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify("{}", skewed)


@pytest.mark.parametrize("count", [0, 23, 65])
def test_a_secret_of_another_size_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        secret_bytes("whsec_" + base64.b64encode(b"k" * count).decode())


@pytest.mark.parametrize("text", ["", "k" * 44, "whsec_é", "whsec_%%%%"])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        secret_bytes(text)


def test_new_secrets_are_of_32_bytes_and_differ() -> None:
    made = {secret_bytes(new_secret()) for _ in range(100)}
    assert len(made) == 100
    assert {len(key) for key in made} == {32}
