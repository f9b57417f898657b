"""What `generate cloudflare` writes."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from promptstudio.values import Json
from promptstudio_generators.names import HostName, UnfitNameError
from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import TargetOptions
from tests.generators.projects import GOLDEN, OPTIONS, bundle, golden_files, golden_targets

HOSTILE = "*/ process.exit(1) // ${process.exit(1)} `x` </script> {{ 7*7 }} {% raw %} \u2028 \" ' \\"


def strings_replaced(value: Json, text: str) -> Json:
    """The same tree with every description replaced."""
    if isinstance(value, dict):
        return {k: text if k == "description" else strings_replaced(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [strings_replaced(item, text) for item in value]
    return value


def settings_of(files: Mapping[str, str]) -> dict[str, Any]:
    """What wrangler.jsonc says: its comments have lines of their own."""
    lines = files["wrangler.jsonc"].splitlines()
    return cast("dict[str, Any]", json.loads("\n".join(line for line in lines if not re.match(" *//", line))))


def changed(**members: Json) -> dict[str, Json]:
    """The bundle with these members in the version of its prompt greet."""
    document = bundle()
    prompts = cast("dict[str, dict[str, dict[str, dict[str, Json]]]]", document["prompts"])
    prompts["greet"]["versions"]["2"] |= members
    return document


@pytest.mark.parametrize("target", golden_targets())
def test_the_project_is_the_golden_one(target: str) -> None:
    folder = GOLDEN / target
    found = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assert found == golden_files(target), "run: python -m tests.generators.regen"


def test_the_same_bundle_gives_the_same_bytes() -> None:
    assert generate("cloudflare", bundle(), OPTIONS) == generate("cloudflare", bundle(), OPTIONS)


def test_the_embedded_bundle_is_the_bundle() -> None:
    assert json.loads(generate("cloudflare", bundle(), OPTIONS)["src/bundle.json"]) == bundle()


def test_user_text_reaches_the_embedded_documents_alone() -> None:
    plain, hostile = bundle(), cast("dict[str, Json]", strings_replaced(bundle(), HOSTILE))
    before, after = generate("cloudflare", plain, OPTIONS), generate("cloudflare", hostile, OPTIONS)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"src/bundle.json", "src/openapi.json"}
    assert json.loads(after["src/bundle.json"]) == hostile


def test_counts_and_claims_have_objects_whose_tables_are_sqlite() -> None:
    settings = settings_of(generate("cloudflare", bundle(), OPTIONS))
    assert settings["durable_objects"]["bindings"] == [
        {"name": "PROMPTSTUDIO_CLAIMS", "class_name": "Claims"},
        {"name": "PROMPTSTUDIO_COUNTS", "class_name": "Counts"},
    ]
    assert settings["migrations"] == [{"tag": "v1", "new_sqlite_classes": ["Claims", "Counts"]}]
    assert settings["compatibility_flags"] == ["enable_request_signal"]


def test_a_namespace_is_bound_only_where_a_prompt_has_a_cache() -> None:
    assert "kv_namespaces" not in settings_of(generate("cloudflare", bundle(), OPTIONS))
    files = generate("cloudflare", changed(cache={"ttl_s": 60}), OPTIONS)
    assert settings_of(files)["kv_namespaces"] == [{"binding": "PROMPTSTUDIO_CACHE"}]


def test_without_a_store_there_is_no_trace_of_one() -> None:
    options = replace(OPTIONS, store="none")
    files = generate("cloudflare", changed(cache={"ttl_s": 60}), options)
    settings = settings_of(files)
    for member in ("durable_objects", "migrations", "kv_namespaces", "compatibility_flags"):
        assert member not in settings
    assert not any("durable-objects" in path for path in files)
    assert "cloudflare:workers" not in files["src/index.ts"]


def test_a_domain_takes_the_place_of_the_address_at_workers_dev() -> None:
    plain = settings_of(generate("cloudflare", bundle(), OPTIONS))
    assert "routes" not in plain
    assert "workers_dev" not in plain
    files = generate("cloudflare", bundle(), replace(OPTIONS, domain=HostName("prompts.example.com")))
    settings = settings_of(files)
    assert settings["routes"] == [{"pattern": "prompts.example.com", "custom_domain": True}]
    assert settings["workers_dev"] is False
    assert "https://prompts.example.com/health" in files["README.md"]
    assert "workers.dev/" not in files["README.md"]


def test_logs_and_traces_are_on() -> None:
    observability = settings_of(generate("cloudflare", bundle(), OPTIONS))["observability"]
    assert observability["enabled"] is True
    assert observability["logs"]["enabled"] is True
    assert observability["traces"] == {"enabled": True, "head_sampling_rate": 0.1}


@pytest.mark.parametrize("name", ["PROMPTSTUDIO_CACHE", "PROMPTSTUDIO_CLAIMS", "PROMPTSTUDIO_COUNTS"])
def test_a_providers_key_cannot_have_the_name_of_a_binding(name: str) -> None:
    document = bundle()
    cast("dict[str, dict[str, Json]]", document["providers"])["openai"]["api_key_env"] = name
    with pytest.raises(UnfitNameError):
        generate("cloudflare", document, OPTIONS)


def test_a_project_name_is_made_fit() -> None:
    files = generate("cloudflare", bundle(), TargetOptions(name='x", "main": "evil.ts'))
    assert json.loads(files["package.json"])["name"] == "x-main-evil-ts"
    assert '"name": "x-main-evil-ts"' in files["wrangler.jsonc"]


def test_settings_become_variables() -> None:
    options = TargetOptions(
        name="a", body_limit=5, cors_origins=('https://a.example", "b', "https://b.example")
    )
    wrangler = generate("cloudflare", bundle(), options)["wrangler.jsonc"]
    assert r'"PROMPTSTUDIO_CORS_ORIGINS": "https://a.example\", \"b,https://b.example"' in wrangler
    assert '"PROMPTSTUDIO_BODY_LIMIT": "5"' in wrangler


def test_secrets_are_named_once_and_never_valued() -> None:
    files = generate("cloudflare", bundle(), OPTIONS)
    names = ["PROMPTSTUDIO_KEYS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
    assert f'"required": {json.dumps(names, separators=(",", ":"))}' in files["wrangler.jsonc"]
    for name in names:
        assert files["src/index.ts"].count(f"readonly {name}: string;") == 1
        assert files["README.md"].count(f"wrangler secret put {name}") == 1
    assert "promptstudio keys export | npx wrangler secret put PROMPTSTUDIO_KEYS " in files["README.md"]


def test_a_name_that_the_compiler_would_refuse_is_refused() -> None:
    wrong_key = bundle()
    wrong_key["providers"]["openai"]["api_key_env"] = "A: string; }; evil(); interface B { C"  # type: ignore[index, call-overload]
    with pytest.raises(UnfitNameError):
        generate("cloudflare", wrong_key, OPTIONS)
    wrong_prompt = bundle()
    wrong_prompt["prompts"]["$(reboot)"] = wrong_prompt["prompts"]["speak"]  # type: ignore[index, call-overload]
    with pytest.raises(UnfitNameError):
        generate("cloudflare", wrong_prompt, OPTIONS)


def test_a_bundle_without_prompts_gives_a_project_too() -> None:
    files = generate("cloudflare", {**bundle(), "prompts": {}}, OPTIONS)
    assert "/v1/prompts/NAME/run" in files["README.md"]
    assert not any(path.startswith("test/requests/") for path in files)


def test_a_sample_fits_every_prompt() -> None:
    files = generate("cloudflare", bundle(), OPTIONS)
    assert json.loads(files["test/requests/greet.json"]) == {"variables": {"name": "echo", "tone": "warm"}}
    assert json.loads(files["test/requests/speak.json"]) == {"variables": {}}
