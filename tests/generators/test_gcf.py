"""What `generate gcf` writes, and that it runs as Google runs it."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.write import write
from tests.generators.hostile import texts
from tests.generators.install_python_tools import python
from tests.generators.projects import OPTIONS, bundle

SECRETS = ["PROMPTSTUDIO_KEYS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
OF_STORE = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"]
WITH_STORE = replace(OPTIONS, store="upstash")
GCLOUD = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$GCLOUD_LOG"
case "$*" in
  "config get-value project") echo "$GCLOUD_PROJECT" ;;
  "secrets describe acme-prompts-$GCLOUD_LACKS") echo NOT_FOUND >&2; exit 1 ;;
  "secrets get-iam-policy"*) printf '%b\\n' "$GCLOUD_READERS" ;;
  "secrets add-iam-policy-binding"*) [ "$(grep -cFx -- "$*" "$GCLOUD_LOG")" -gt "$GCLOUD_REFUSALS" ] ;;
  "iam service-accounts describe"*) exit 1 ;;
  "functions describe"*) echo https://function.example ;;
esac
"""
ACCOUNT = "acme-prompts-runtime@my-project.iam.gserviceaccount.com"
READER = f"roles/secretmanager.secretAccessor\\tserviceAccount:{ACCOUNT}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(generate("gcf", bundle(), OPTIONS), tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def with_store(tmp_path: Path) -> Path:
    document = bundle()
    for prompt in cast("dict[str, dict[str, dict[str, dict[str, object]]]]", document["prompts"]).values():
        for version in prompt["versions"].values():
            version |= {"limits": [{"requests": 1, "per": "day", "by": "key"}], "cache": {"ttl_s": 60}}
    write(generate("gcf", document, WITH_STORE), tmp_path / "with-store")
    return tmp_path / "with-store"


def deploy(
    project: Path,
    *regions: str,
    lacks: str = "nothing",
    gcloud_project: str = "my-project",
    readers: str = "",
    refusals: int = 0,
) -> tuple[int, str, list[str]]:
    """Run deploy.sh with a gcloud that only notes what it is told: status, output, and its calls."""
    tools = project.parent / "bin"
    tools.mkdir()
    for name, text in {"gcloud": GCLOUD, "sleep": "#!/usr/bin/env bash\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    log = project.parent / "log"
    environ = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "GCLOUD_LOG": str(log),
        "GCLOUD_LACKS": lacks,
        "GCLOUD_PROJECT": gcloud_project,
        "GCLOUD_READERS": readers,
        "GCLOUD_REFUSALS": str(refusals),
    }
    command = ["bash", str(project / "deploy.sh"), *regions]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()


def test_each_region_gets_the_function_with_its_secrets(project: Path) -> None:
    status, said, calls = deploy(project, "europe-west1", "us-central1")
    assert (status, said) == (0, "https://function.example\n" * 2)
    deployed = [call for call in calls if call.startswith("functions deploy acme-prompts ")]
    assert [call.split("--region ")[1].split()[0] for call in deployed] == ["europe-west1", "us-central1"]
    mounts = ",".join(f"{secret}=acme-prompts-{secret}:latest" for secret in SECRETS)
    for call in deployed:
        assert f"--set-secrets {mounts} " in call
        assert f"--service-account {ACCOUNT} " in call
        assert "--gen2 " in call


def test_the_functions_account_may_read_its_secrets_and_nothing_else(project: Path) -> None:
    _, _, calls = deploy(project)
    grants = [call for call in calls if "add-iam-policy-binding" in call]
    assert [call.split()[2] for call in grants] == [f"acme-prompts-{secret}" for secret in SECRETS]
    assert all("--role roles/secretmanager.secretAccessor " in call for call in grants)
    assert not any(call.startswith("projects ") for call in calls)


def test_who_deploys_again_need_not_be_able_to_grant_anything(project: Path) -> None:
    status, _, calls = deploy(project, readers=f"roles/secretmanager.admin\\tuser:a@example.com\\n{READER}")
    assert status == 0
    assert not any("add-iam-policy-binding" in call for call in calls)


@pytest.mark.parametrize("other", ["acme-prompts-runtime@my-project.iam.gserviceaccount.com.evil", "a@b.c"])
def test_an_account_that_is_not_the_functions_own_is_none(project: Path, other: str) -> None:
    _, _, calls = deploy(project, readers=f"roles/secretmanager.secretAccessor\\tserviceAccount:{other}")
    assert sum("add-iam-policy-binding" in call for call in calls) == len(SECRETS)


def test_a_new_account_is_waited_for(project: Path) -> None:
    status, _, calls = deploy(project, refusals=4)
    assert status == 0
    assert sum("add-iam-policy-binding" in call for call in calls) == 5 * len(SECRETS)


def test_nothing_is_deployed_without_a_grant(project: Path) -> None:
    status, _, calls = deploy(project, refusals=5)
    assert status == 1
    assert not any(call.startswith("functions deploy") for call in calls)


def test_a_project_has_to_be_named(project: Path) -> None:
    status, said, calls = deploy(project, gcloud_project="")
    assert (status, said) == (1, "gcloud has no project: gcloud config set project YOUR-PROJECT\n")
    assert calls == ["config get-value project"]


def test_nothing_is_deployed_while_a_secret_is_missing(project: Path) -> None:
    status, said, calls = deploy(project, lacks="OPENAI_API_KEY")
    assert status == 1
    assert said == (
        "NOT_FOUND\n"
        "Secret Manager lacks acme-prompts-OPENAI_API_KEY. README.md says how to create a secret.\n"
    )
    assert not any("deploy" in call or "create" in call for call in calls)


def test_what_the_workflow_signs_in_with_is_not_deployed(project: Path) -> None:
    assert "gha-creds-*.json" in (project / ".gcloudignore").read_text().splitlines()


@settings(deadline=None)
@given(origins=st.lists(texts, max_size=3))
def test_a_variable_is_the_setting_to_the_last_character(origins: list[str]) -> None:
    files = generate("gcf", bundle(), TargetOptions(name="a", body_limit=5, cors_origins=tuple(origins)))
    assert yaml.safe_load(files["env.yaml"]) == {
        "PROMPTSTUDIO_CORS_ORIGINS": ",".join(origins),
        "PROMPTSTUDIO_BODY_LIMIT": "5",
    }


@settings(deadline=None)
@given(name=texts)
def test_a_project_has_the_nearest_name_that_google_takes(name: str) -> None:
    script = generate("gcf", bundle(), TargetOptions(name=name))["deploy.sh"]
    (line,) = [line for line in script.splitlines() if line.startswith("name=")]
    assert len(line) <= len("name=") + 49
    assert line[5].isalpha()
    assert all(part.isalnum() for part in line[5:].split("-"))


def test_secrets_are_named_and_never_valued() -> None:
    files = generate("gcf", bundle(), OPTIONS)
    for secret in SECRETS:
        assert f"gcloud secrets create acme-prompts-{secret} --data-file=-" in files["README.md"]
        assert secret not in files["env.yaml"]


def test_where_the_store_is_and_its_token_are_secrets_too(with_store: Path) -> None:
    status, said, calls = deploy(with_store)
    assert (status, said) == (0, "https://function.example\n")
    (deployed,) = [call for call in calls if call.startswith("functions deploy ")]
    mounts = ",".join(f"{secret}=acme-prompts-{secret}:latest" for secret in [*SECRETS, *OF_STORE])
    assert f"--set-secrets {mounts} " in deployed
    readme = (with_store / "README.md").read_text("utf-8")
    for secret in OF_STORE:
        assert readme.count(f"gcloud secrets create acme-prompts-{secret} --data-file=-") == 1
        assert readme.count(f"| `acme-prompts-{secret}` |") == 1
        assert secret not in (with_store / "env.yaml").read_text("utf-8")


def test_a_function_with_a_store_is_not_deployed_without_its_token(with_store: Path) -> None:
    status, said, _ = deploy(with_store, lacks="UPSTASH_REDIS_REST_TOKEN")
    assert status == 1
    assert "\nSecret Manager lacks acme-prompts-UPSTASH_REDIS_REST_TOKEN. " in said


def test_a_secret_that_a_provider_shares_with_the_store_is_mounted_once() -> None:
    document = bundle()
    providers = cast("dict[str, dict[str, object]]", document["providers"])
    providers["openai"]["api_key_env"] = "UPSTASH_REDIS_REST_TOKEN"
    files = generate("gcf", document, WITH_STORE)
    assert files["deploy.sh"].count("UPSTASH_REDIS_REST_TOKEN") == 1


def test_only_a_function_with_a_store_has_what_asks_it() -> None:
    plain, stored = generate("gcf", bundle(), OPTIONS), generate("gcf", bundle(), WITH_STORE)
    storage = "promptstudio/storage/"
    assert stored.keys() - plain.keys() == {
        "promptstudio/gcf_target.py",
        f"{storage}retry.py",
        f"{storage}upstash.py",
        f"{storage}upstash_scripts.py",
        *(f"{storage}upstash_{script}.lua" for script in ("get", "query", "transact")),
    }
    assert {path for path in plain if plain[path] != stored[path]} == {
        *("README.md", "deploy.sh", "main.py", "requirements.txt", "test/smoke.py")
    }
    assert "upstash" not in "".join([plain["requirements.txt"], plain["main.py"], plain["deploy.sh"]])
    assert 'namespace="acme-prompts")' in stored["main.py"]


@pytest.mark.needs("functions-framework")
def test_its_own_smoke_test_passes_with_the_packages_it_pins(project: Path) -> None:
    done = subprocess.run(
        [python("gcf"), "test/smoke.py"], cwd=project, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The endpoint answers as it should." in done.stdout


@pytest.mark.needs("functions-framework")
def test_with_a_store_it_passes_too_though_nothing_is_where_that_should_be(with_store: Path) -> None:
    command = [str(python("gcf-upstash")), "test/smoke.py"]
    done = subprocess.run(command, cwd=with_store, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
