"""What an SDK is called, in every form that its language needs."""

import re
from dataclasses import dataclass
from typing import Final, Self

from promptstudio_generators.names.escaped import Escaped

_LENGTH: Final = 54
_FALLBACK: Final = "prompts"

# Keywords of a language that the form of a class's name does not rule out.
_NO_CLASS: Final = frozenset({"None", "True", "False", "Infinity", "NaN", "Object", "Promise", "Error"})


@dataclass(frozen=True, slots=True)
class PackageNames:
    """`distribution` is the registry's (acme-prompts), `module` Python's (acme_prompts), `client` the class's
    (AcmePrompts), and `environment` begins the names of environment variables (ACME_PROMPTS)."""

    distribution: Escaped
    module: Escaped
    client: Escaped
    environment: Escaped

    @classmethod
    def of(cls, name: str, taken: frozenset[str] = frozenset()) -> Self:
        """The names nearest to `name`, which is any text. No module or class gets one that is `taken`."""
        words = re.findall(r"[a-z0-9]+", name.lower()[: 4 * _LENGTH]) or [_FALLBACK]
        if words[0][0].isdigit():
            words.insert(0, "p")
        slug = "-".join(words)[:_LENGTH].rstrip("-")
        client = "".join(word.capitalize() for word in slug.split("-"))
        if slug.replace("-", "_") in taken or client in taken | _NO_CLASS:
            return cls.of(f"{slug}-client", taken)
        return cls(
            distribution=Escaped(slug),
            module=Escaped(slug.replace("-", "_")),
            client=Escaped(client),
            environment=Escaped(slug.replace("-", "_").upper()),
        )
