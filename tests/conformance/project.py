"""A case's project on disk: its prompts, and a promptstudio.toml that knows the scripted upstream."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from promptstudio.values import Json
from tests.conformance.case import Case

UPSTREAM: Final = "http://upstream.invalid"
"""What a case calls the scripted provider."""
REFUSED: Final = "http://refused.invalid"
"""What a case calls a host that refuses connections."""

_BASE_URLS: Final = {"openai": "/openai/v1", "anthropic": "/anthropic/v1", "groq": "/groq/v1"}


def write_project(case: Case, root: Path, hosts: Mapping[str, str]) -> None:
    """Write the project into `root`. `hosts` says where UPSTREAM and REFUSED really are."""
    for name, text in case.prompts.items():
        path = root / "prompts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    settings = _toml(_with_base_urls(case.settings))
    for placeholder, url in hosts.items():
        settings = settings.replace(placeholder, url)
    (root / "promptstudio.toml").write_text(settings, encoding="utf-8")


def _with_base_urls(settings: Mapping[str, Json]) -> dict[str, Json]:
    """The case's settings; built-in providers without a base_url of their own point at the upstream."""
    declared = cast("dict[str, dict[str, Json]]", settings.get("providers", {}))
    providers: dict[str, Json] = {**declared}
    for name, path in _BASE_URLS.items():
        providers[name] = {"base_url": UPSTREAM + path, **declared.get(name, {})}
    return {"name": "conformance", **settings, "providers": providers}


def _toml(table: Mapping[str, Json]) -> str:
    """A TOML document that says what `table` says, in inline tables; nulls have no place in it."""
    return "".join(f"{json.dumps(name)} = {_toml_value(value)}\n" for name, value in table.items())


def _toml_value(value: Json) -> str:
    if isinstance(value, dict):
        members = [f"{json.dumps(name)} = {_toml_value(item)}" for name, item in value.items()]
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
