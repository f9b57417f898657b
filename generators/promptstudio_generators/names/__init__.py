"""Names and literals in the languages we generate. Nothing else escapes, and nothing else needs to:
generated files hold names that match a pattern, and literals made here."""

import re
from hashlib import sha256
from typing import Final, Self

from promptstudio.values import Json, dumps
from promptstudio_generators.names.escaped import Escaped

_WORKER_LENGTH: Final = 54  # Cloudflare: longer names have no preview address
_FUNCTION_LENGTH: Final = 49  # Google: a function is a Cloud Run service
_ACCOUNT_LENGTH: Final = 30  # Google: a service account's id
_ACCOUNT_SUFFIX: Final = "-runtime"
_ACCOUNT_DIGEST: Final = 6
_HOST_LENGTH: Final = 253  # RFC 1035, without the root's dot
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


class UnfitNameError(ValueError):
    """A bundle's name that no generated file may hold."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{dumps(name)} cannot be {kind}")


class EnvironmentName(Escaped):
    """A name that an environment variable and a TypeScript property can have as it is."""

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name):
            raise UnfitNameError("the name of an environment variable", name)
        return super().__new__(cls, name)


class PromptName(Escaped):
    """A prompt's slug, which a path and a shell command can hold as it is."""

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
            raise UnfitNameError("the name of a prompt", name)
        return super().__new__(cls, name)


class HostName(Escaped):
    """A domain of somebody's own, in lower case. Other alphabets have their Punycode ("xn--…")."""

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        lowered = name.lower()
        # The last label is no number: that would be an IP address.
        if len(lowered) > _HOST_LENGTH or not re.fullmatch(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}", lowered):
            raise UnfitNameError("a host name", name)
        return super().__new__(cls, lowered)


def worker_name(name: str) -> str:
    """The nearest name that a Cloudflare Worker and an npm package can have ("Acme Inc." → "acme-inc")."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_WORKER_LENGTH].rstrip("-")
    return slug or "promptstudio"


def function_name(name: str) -> str:
    """The nearest name that a Google Cloud function can have: it begins with a letter."""
    slug = worker_name(name)
    fit = slug if slug[0].isalpha() else f"p-{slug}"
    return fit[:_FUNCTION_LENGTH].rstrip("-")


def service_account(function: str) -> str:
    """The id of the service account that a function of this name runs as, and no other function."""
    whole = function + _ACCOUNT_SUFFIX
    if len(whole) <= _ACCOUNT_LENGTH:
        return whole
    digest = sha256(function.encode()).hexdigest()[:_ACCOUNT_DIGEST]
    room = _ACCOUNT_LENGTH - len(_ACCOUNT_SUFFIX) - len(digest) - 1
    return f"{function[:room].rstrip('-')}-{digest}{_ACCOUNT_SUFFIX}"


def yaml_literal(text: str) -> str:
    """A YAML scalar that stands for this text and nothing else. YAML joins no surrogates, as JSON does."""
    return re.sub(r"[^\x00-\x7e]", lambda match: f"\\U{ord(match[0]):08x}", dumps(text))


def json_file(value: Json) -> str:
    """A whole JSON file: indented, in ASCII, so that no editor or tool can read it in another way."""
    return ascii_only(dumps(value, "  ")) + "\n"


def json_literal(value: Json) -> str:
    """A JSON literal inside another file."""
    return ascii_only(dumps(value))


def ascii_only(text: str) -> str:
    r"""JSON text with every character beyond ASCII as \uXXXX."""
    return re.sub(r"[^\x00-\x7e]", _escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
