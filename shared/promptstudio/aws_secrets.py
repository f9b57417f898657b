"""Secrets from AWS Systems Manager's Parameter Store, read without the SDK, whose import takes longer than
everything else at a function's start."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

_TARGET: Final = "AmazonSSM.GetParametersByPath"
_CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_TIMEOUT_S: Final = 3.0
_ATTEMPTS: Final = 3


class ParametersError(Exception):
    """Parameter Store could not be read. The text says why, and quotes no value."""


def read_parameters(path: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The values of all parameters right below a path, by the last part of their names; raises
    ParametersError. The region and the credentials are those that Lambda puts into the environment."""
    found: dict[str, str] = {}
    token = None
    while True:
        question = {"Path": path, "WithDecryption": True, **({} if token is None else {"NextToken": token})}
        answer = _ask(json.dumps(question).encode(), environ)
        for row in answer["Parameters"]:
            found[row["Name"].rpartition("/")[2]] = row["Value"]
        token = answer.get("NextToken")
        if not token:
            return found


def _ask(body: bytes, environ: Mapping[str, str]) -> Any:
    region = environ["AWS_REGION"]
    url = environ.get("AWS_ENDPOINT_URL_SSM") or f"https://ssm.{region}.amazonaws.com/"
    for attempt in range(1, _ATTEMPTS + 1):
        headers = sign(url, body, region, environ, datetime.now(UTC))
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - a fixed scheme
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            if attempt == _ATTEMPTS or (error.code < 500 and error.code != 429 and not _throttled(error)):
                raise ParametersError(f"Parameter Store answered {error.code}.") from None
        except OSError:
            if attempt == _ATTEMPTS:
                raise ParametersError("Parameter Store did not answer.") from None
        time.sleep(0.1 * attempt)
    raise AssertionError  # unreachable: the last attempt returns or raises


def _throttled(error: urllib.error.HTTPError) -> bool:
    return b"Throttling" in error.read()


def sign(url: str, body: bytes, region: str, environ: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The headers of a request to Parameter Store, signed by AWS's Signature Version 4."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/ssm/aws4_request"
    headers = {
        "content-type": _CONTENT_TYPE,
        "host": urlsplit(url).netloc,
        "x-amz-date": moment,
        "x-amz-target": _TARGET,
    }
    if environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = environ["AWS_SESSION_TOKEN"]
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
