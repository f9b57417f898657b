"""Secrets from AWS: from Systems Manager's Parameter Store, or from one secret in Secrets Manager.

Both are asked without the SDK, whose import takes longer than everything else at a function's start.
"""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

PARAMETERS: Final = "PROMPTSTUDIO_PARAMETERS"
"""Names the path in Parameter Store below which each secret is a parameter."""
SECRET: Final = "PROMPTSTUDIO_SECRET"  # noqa: S105 - a variable's name
"""Names the secret in Secrets Manager, by its ARN or name, which is a JSON object of names and texts."""

_CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_TIMEOUT_S: Final = 3.0
_ATTEMPTS: Final = 3


class SecretsError(Exception):
    """The secrets could not be read. The text says why, and quotes no value."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of AWS that speaks JSON: its name in hosts and signatures, what its operations begin with,
    the variable that may name another endpoint, and what people call it."""

    name: str
    prefix: str
    endpoint: str
    title: str


PARAMETER_STORE: Final = Service("ssm", "AmazonSSM", "AWS_ENDPOINT_URL_SSM", "Parameter Store")
SECRETS_MANAGER: Final = Service(
    "secretsmanager", "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "Secrets Manager"
)


def read_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets that lie where the environment says, by name; none where it says nothing.

    The region and the credentials are those that Lambda puts into the environment. Raises SecretsError.
    """
    if name := environ.get(SECRET):
        return _secret(name, environ)
    if path := environ.get(PARAMETERS):
        return _parameters(path, environ)
    return {}


def _parameters(path: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The values of all parameters right below a path, by the last part of their names."""
    found: dict[str, str] = {}
    token = None
    while True:
        question = {"Path": path, "WithDecryption": True, **({} if token is None else {"NextToken": token})}
        answer = _ask(PARAMETER_STORE, "GetParametersByPath", question, environ)
        for row in answer["Parameters"]:
            found[row["Name"].rpartition("/")[2]] = row["Value"]
        token = answer.get("NextToken")
        if not token:
            return found


def _secret(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    answer = _ask(SECRETS_MANAGER, "GetSecretValue", {"SecretId": name}, environ)
    try:
        values = json.loads(answer.get("SecretString", ""))
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SecretsError("The secret in Secrets Manager should be a JSON object of names and texts.")
    return values


def _ask(service: Service, operation: str, question: Mapping[str, object], environ: Mapping[str, str]) -> Any:
    region = environ["AWS_REGION"]
    url = environ.get(service.endpoint) or f"https://{service.name}.{region}.amazonaws.com/"
    target, body = f"{service.prefix}.{operation}", json.dumps(question).encode()
    for attempt in range(1, _ATTEMPTS + 1):
        headers = sign(service.name, target, url, body, environ, datetime.now(UTC))
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - a fixed scheme
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            if not _is_passing(error) or attempt == _ATTEMPTS:
                raise SecretsError(f"{service.title} answered {error.code}.") from None
        except (OSError, HTTPException, ValueError):  # out of reach, broken off, or no JSON
            if attempt == _ATTEMPTS:
                raise SecretsError(f"{service.title} did not answer.") from None
        time.sleep(0.1 * attempt)
    raise AssertionError  # unreachable: the last attempt returns or raises


def _is_passing(error: urllib.error.HTTPError) -> bool:
    """Whether the same question may be answered a moment later."""
    with error:
        if error.code >= 500 or error.code == 429:
            return True
        try:
            return b"Throttling" in error.read()
        except (OSError, HTTPException):  # nobody knows why it refused
            return True


def sign(
    service: str, target: str, url: str, body: bytes, environ: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """The headers of a POST, signed by AWS's Signature Version 4."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{environ['AWS_REGION']}/{service}/aws4_request"
    headers = {
        "content-type": _CONTENT_TYPE,
        "host": urlsplit(url).netloc,
        "x-amz-date": moment,
        "x-amz-target": target,
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
