import json
from pathlib import Path

from promptstudio_generators.targets import TARGETS
from tests.cli.command import Command


def generate(promptstudio: Command, *more: str) -> tuple[int, str]:
    result = promptstudio("generate", "cloudflare", "-o", "out", *more)
    return result.returncode, result.stdout + result.stderr


def test_a_complete_project_with_the_prompts_inside(promptstudio: Command, project: Path) -> None:
    returncode, said = generate(promptstudio)
    assert returncode == 0
    assert "out/README.md" in said
    bundle = json.loads((project / "out" / "src" / "bundle.json").read_text())
    assert list(bundle["prompts"]) == ["greet"]
    assert {path.name for path in (project / "out").iterdir()} >= {
        "wrangler.jsonc",
        "package.json",
        "README.md",
    }


def test_it_is_generated_anew_in_place(promptstudio: Command, project: Path) -> None:
    generate(promptstudio)
    own = project / "out" / "notes.txt"
    own.write_text("mine")
    prompt = project / "prompts" / "greet.prompt"
    prompt.write_text(prompt.read_text().replace("Greet", "Welcome"))
    returncode, _ = generate(promptstudio)
    assert returncode == 0
    assert "Welcome" in (project / "out" / "src" / "bundle.json").read_text()
    assert own.read_text() == "mine"


def test_a_foreign_folder_is_left_alone_unless_forced(promptstudio: Command, project: Path) -> None:
    (project / "out").mkdir()
    (project / "out" / "thesis.txt").write_text("mine")
    returncode, said = generate(promptstudio)
    assert returncode == 1
    assert "out holds other things" in said
    assert [path.name for path in (project / "out").iterdir()] == ["thesis.txt"]
    assert generate(promptstudio, "--force")[0] == 0
    assert (project / "out" / "thesis.txt").read_text() == "mine"


def test_nothing_is_written_through_a_link(promptstudio: Command, project: Path) -> None:
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    generate(promptstudio)
    source = project / "out" / "src"
    source.rename(project / "out" / "was-src")
    source.symlink_to(elsewhere)
    returncode, said = generate(promptstudio, "--force")
    assert returncode == 1
    assert "Traceback" not in said
    assert list(elsewhere.iterdir()) == []


def test_the_endpoint_settings_reach_the_target(promptstudio: Command, project: Path) -> None:
    settings = 'name = "acme"\n[endpoint]\nbody_limit = 4096\ncors_origins = ["https://acme.example"]\n'
    (project / "promptstudio.toml").write_text(settings)
    generate(promptstudio)
    wrangler = (project / "out" / "wrangler.jsonc").read_text()
    assert "4096" in wrangler
    assert "https://acme.example" in wrangler


def test_an_unknown_target_names_those_there_are(promptstudio: Command, project: Path) -> None:
    result = promptstudio("generate", "mainframe", "-o", "out")
    assert result.returncode == 2
    assert result.stderr == f'Error: There is no target "mainframe".\nTargets: {", ".join(TARGETS)}.\n'
    assert not (project / "out").exists()


def test_vercel_has_two_runtimes(promptstudio: Command, project: Path) -> None:
    for more, runtime in (
        ((), "edge"),
        (("--runtime", "edge"), "edge"),
        (("--runtime", "node"), "nodejs24.x"),
    ):
        result = promptstudio("generate", "vercel", "-o", "out", *more)
        assert result.returncode == 0, result.stderr
        assert f'  runtime: "{runtime}",\n' in (project / "out" / "build.mjs").read_text()


def test_a_runtime_that_there_is_not_is_refused(promptstudio: Command, project: Path) -> None:
    unknown = promptstudio("generate", "vercel", "-o", "out", "--runtime", "deno")
    assert unknown.returncode == 2
    assert unknown.stderr == 'Error: Vercel has no runtime "deno".\nRuntimes: edge, node.\n'
    elsewhere = promptstudio("generate", "cloudflare", "-o", "out", "--runtime", "node")
    assert elsewhere.returncode == 2
    assert elsewhere.stderr == ("Error: The target cloudflare has one runtime.\n--runtime is for vercel.\n")
    assert not (project / "out").exists()


def test_a_store_is_one_that_the_target_has(promptstudio: Command, project: Path) -> None:
    for target, store in (("vercel", "upstash"), ("gcf", "none"), ("aws-sam", "dynamodb")):
        result = promptstudio("generate", target, "-o", f"out-{target}", "--store", store)
        assert result.returncode == 0, result.stderr
    refused = promptstudio("generate", "vercel", "-o", "out", "--store", "postgres")
    assert refused.returncode == 2
    assert refused.stderr == ('Error: The target vercel has no store "postgres".\nStores: none, upstash.\n')
    assert not (project / "out").exists()


def test_a_domain_is_a_host_name(promptstudio: Command, project: Path) -> None:
    refused = promptstudio("generate", "cloudflare", "-o", "out", "--domain", "https://a.example/")
    assert refused.returncode == 2
    assert refused.stderr == (
        'Error: "https://a.example/" cannot be a host name.\n'
        "Name one such as prompts.example.com, and nothing else.\n"
    )
    elsewhere = promptstudio("generate", "gcf", "-o", "out", "--domain", "a.example")
    assert elsewhere.returncode == 2
    assert elsewhere.stderr == (
        "Error: The target gcf takes no domain.\n"
        "--domain is for cloudflare; elsewhere a domain is set when the project is deployed.\n"
    )
    assert not (project / "out").exists()
    taken = promptstudio("generate", "cloudflare", "-o", "out", "--domain", "Prompts.example.com")
    assert taken.returncode == 0, taken.stderr
