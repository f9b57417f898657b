"""What `generate vercel` writes."""

import json
import re
from dataclasses import replace
from typing import Any, cast

import yaml

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions
from tests.conftest import ROOT
from tests.generators.projects import OPTIONS, RUNTIME, bundle

SECRETS = ["PROMPTSTUDIO_KEYS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
STORES: tuple[StoreName, ...] = ("none", "upstash")
UPSTASH = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"]
NODE = replace(OPTIONS, runtime="node")
WITH_STORE = replace(OPTIONS, store="upstash")
VERCEL_VERSION = json.loads((ROOT / "tests/node-prove/package.json").read_bytes())["devDependencies"][
    "vercel"
]


def test_for_node_only_what_must_differs() -> None:
    edge, node = generate("vercel", bundle(), OPTIONS), generate("vercel", bundle(), NODE)
    assert edge.keys() == node.keys()
    assert {path for path in edge if edge[path] != node[path]} == {
        "README.md",
        "build.mjs",
        "package.json",
        "serve.mjs",
        "src/index.ts",
        "vercel.json",
    }


def test_settings_are_defaults_that_variables_of_vercel_come_before() -> None:
    options = TargetOptions(
        name="a", body_limit=5, cors_origins=('https://a.example", "b', "https://b.example")
    )
    code = generate("vercel", bundle(), options)["src/index.ts"]
    origins = r'"https://a.example\", \"b,https://b.example"'
    assert f"PROMPTSTUDIO_CORS_ORIGINS: process.env.PROMPTSTUDIO_CORS_ORIGINS ?? {origins},\n" in code
    assert 'PROMPTSTUDIO_BODY_LIMIT: process.env.PROMPTSTUDIO_BODY_LIMIT ?? "5",\n' in code


def test_secrets_are_named_and_never_valued() -> None:
    files = generate("vercel", bundle(), OPTIONS)
    for name in SECRETS:
        assert files["src/index.ts"].count(f"  {name}: process.env.{name},\n") == 1
        assert f'    "{name}",\n' in files["build.mjs"]
        assert files["README.md"].count(f"env add {name} production --sensitive") == 1
    assert files[".env.example"].splitlines()[1:] == [
        "PROMPTSTUDIO_KEYS='[]'",
        "ANTHROPIC_API_KEY=''",
        "OPENAI_API_KEY=''",
    ]
    assert ".env.local" in files[".gitignore"].splitlines()


def test_only_a_project_with_a_store_has_what_asks_it() -> None:
    for options in (OPTIONS, NODE):
        plain, stored = (generate("vercel", bundle(), replace(options, store=store)) for store in STORES)
        adapter = {f"{RUNTIME}state-upstash.ts", f"{RUNTIME}state-upstash-rest.ts"}
        assert stored.keys() - plain.keys() == adapter
        assert plain.keys() < stored.keys()
        assert {path for path in plain if plain[path] != stored[path]} == {
            ".env.example",
            "README.md",
            "src/index.ts",
            *({"build.mjs"} if options is OPTIONS else {}),
        }
        assert "upstash" not in plain["src/index.ts"].lower()
        assert 'state: upstashState("acme-prompts"), waitUntil }' in stored["src/index.ts"]


def test_the_store_is_found_by_upstashs_names_and_by_those_that_vercels_integration_sets() -> None:
    files = generate("vercel", bundle(), WITH_STORE)
    for name in (*UPSTASH, "KV_REST_API_URL", "KV_REST_API_TOKEN"):
        assert files["src/index.ts"].count(f"  {name}: process.env.{name},\n") == 1
        assert f'    "{name}",\n' in files["build.mjs"]
        assert name in files["README.md"]
    assert files[".env.example"].splitlines()[-2:] == [f"{name}=''" for name in UPSTASH]


def test_a_variable_that_a_provider_shares_with_the_store_is_read_once() -> None:
    document = bundle()
    providers = cast("dict[str, dict[str, object]]", document["providers"])
    providers["openai"]["api_key_env"] = "KV_REST_API_TOKEN"
    files = generate("vercel", document, WITH_STORE)
    assert files["src/index.ts"].count("process.env.KV_REST_API_TOKEN") == 1
    assert files["build.mjs"].count("KV_REST_API_TOKEN") == 1


def test_every_version_is_pinned_and_the_one_that_is_tested() -> None:
    ours = json.loads((ROOT / "tests/node/package.json").read_bytes())["devDependencies"]
    for options in (OPTIONS, NODE):
        files = generate("vercel", bundle(), options)
        pinned = json.loads(files["package.json"])["devDependencies"]
        assert pinned == {name: ours[name] for name in pinned}
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
        for path in ("README.md", "package.json", ".github/workflows/deploy.yml"):
            assert set(re.findall(r"vercel@([\w.]+)", files[path])) == {VERCEL_VERSION}


def test_the_workflow_shows_its_token_to_whom_it_takes_alone() -> None:
    text = generate("vercel", bundle(), OPTIONS)[".github/workflows/deploy.yml"]
    jobs = cast("dict[str, Any]", yaml.safe_load(text))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"VERCEL_ORG_ID", "VERCEL_PROJECT_ID", "VERCEL_TOKEN"}
    told = [step["run"].split()[3] for step in steps if "VERCEL_TOKEN" in step.get("env", {})]
    assert told == ["pull", "deploy"]
    assert not any("env" in job for job in jobs)


def test_a_project_name_is_made_fit() -> None:
    files = generate("vercel", bundle(), TargetOptions(name='x", "main": "evil.ts'))
    assert json.loads(files["package.json"])["name"] == "x-main-evil-ts"
    assert "https://x-main-evil-ts.vercel.app/health" in files["README.md"]
