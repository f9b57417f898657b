"""A generated TypeScript package satisfies its users' compilers, npm's judges, and itself."""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.typescript import typescript_sdk_runtime
from tests.conftest import NODE_MODULES, NODE_PROVE_MODULES, ROOT
from tests.generators.projects import bundle
from tests.generators.sdk.typescript.hosts import ESBUILD, HERE
from tests.generators.sdk.typescript.packages import package_files, write_package

MAX_GZIP_BYTES: Final = 10 * 1024
TIMEOUT_S: Final = 120
TSC_5_9: Final = NODE_MODULES / "typescript" / "bin" / "tsc"
TSC_7_0: Final = NODE_PROVE_MODULES / "typescript-7" / "bin" / "tsc"

# What a project may have in the place of which types of the platform.
PLATFORMS: Final = {
    "browser": {"lib": ["ES2022", "DOM"], "types": []},
    "node": {"lib": ["ES2022"], "types": ["node"]},
    "workers": {"lib": ["ES2022"], "types": ["@cloudflare/workers-types"]},
}
STRICT: Final = {
    "target": "es2022",
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": True,
    "noPropertyAccessFromIndexSignature": True,
    "noEmit": True,
}
MODULES: Final = {
    "esm": ("use.mts", {"module": "nodenext"}),
    "cjs": ("use.cts", {"module": "nodenext"}),
    "bundler": ("use.ts", {"module": "esnext", "moduleResolution": "bundler"}),
}


def run(folder: Path, *command: str | Path) -> str:
    """The output of a command that succeeds."""
    environ = {**os.environ, "CI": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package built with this repository's compiler in the place of its own."""
    folder = write_package(tmp_path_factory.mktemp("package") / "acme-prompts")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    run(folder, "npm", "run", "build")
    return folder


@pytest.fixture
def consumer(package: Path, tmp_path: Path) -> Path:
    """A project that has the package installed."""
    modules = tmp_path / "node_modules"
    modules.mkdir()
    for name in ("@types", "@cloudflare", "undici-types"):
        (modules / name).symlink_to(NODE_MODULES / name)
    (modules / "acme-prompts").symlink_to(package)
    for name, _ in MODULES.values():
        (tmp_path / name).write_bytes((HERE / "consumer.ts").read_bytes())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


@pytest.mark.needs("node")
def test_its_own_tests_pass(package: Path) -> None:
    output = run(package, "node", "--test", "--test-reporter=tap", "test/")
    assert "\n# fail 0\n" in output
    assert "\n# pass 21\n" in output  # two for each of four prompts and two kinds of modules, and five more


@pytest.mark.needs("node")
def test_all_of_it_is_at_most_ten_kilobytes_on_its_way(package: Path, tmp_path: Path) -> None:
    entry = tmp_path / "entry.mjs"
    entries = ("esm/index.js", "esm/sse.js", "esm/webhooks.js")
    entry.write_text("".join(f"export * from {json.dumps(str(package / each))};\n" for each in entries))
    run(tmp_path, ESBUILD, "entry.mjs", "--bundle", "--minify", "--format=esm", "--outfile=min.js")
    assert len(gzip.compress((tmp_path / "min.js").read_bytes(), 9)) <= MAX_GZIP_BYTES


@pytest.mark.needs("node")
def test_what_its_readme_and_its_comments_show_compiles(package: Path, consumer: Path) -> None:
    readme = (package / "README.md").read_text("utf-8")
    sources = "".join((package / "src" / name).read_text("utf-8") for name in typescript_sdk_runtime())
    blocks = re.findall(r"```ts\n(.*?)```", readme, re.DOTALL)
    blocks += [
        example.replace(" * ", "") for example in re.findall(r"@example\n(.*?) \*/", sources, re.DOTALL)
    ]
    assert len(blocks) == 1 + 4 + 2 + 3
    lines = [line for block in blocks for line in block.splitlines()]
    own = [line for line in lines if line.startswith(("import ", "const client = "))]
    rest = [
        "{\n" + "\n".join(each for each in block.splitlines() if each not in own) + "\n}" for block in blocks
    ]
    given = (
        "declare const response: Response, request: Request, secret: string;",
        'declare const stream: import("acme-prompts").RunStream<unknown>;',
    )
    (consumer / "shown.mts").write_text("\n".join([*dict.fromkeys(own), *given, *rest]))
    options = {**STRICT, **PLATFORMS["node"], "module": "nodenext", "noUnusedLocals": False}
    (consumer / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["shown.mts"]}))
    run(consumer, "node", TSC_5_9, "-p", "tsconfig.json")


@pytest.mark.needs("node")
def test_it_is_called_like_no_module_of_nodes() -> None:
    listed = run(ROOT, "node", "-p", "JSON.stringify(require('module').builtinModules)")
    modules = {name for name in json.loads(listed) if re.fullmatch(r"[a-z0-9_]+", name)} | {"node_modules"}
    for name in (*modules, "Events", "HTTP"):
        files = generate_sdk("typescript", bundle(), SdkOptions(name=name))
        assert json.loads(files["package.json"])["name"] not in modules


@pytest.mark.needs("npm's judges")
@pytest.mark.parametrize("compiler", [TSC_5_9, TSC_7_0], ids=["5.9", "7.0"])
def test_projects_of_every_kind_compile_with_it(consumer: Path, compiler: Path) -> None:
    run(consumer, "node", compiler, "-b", *write_settings(consumer))


def write_settings(folder: Path) -> list[str]:
    """A tsconfig.json for each kind of project."""
    names = []
    for (platform, types), (kind, (file, module)) in product(PLATFORMS.items(), MODULES.items()):
        options = {
            **STRICT,
            **types,
            **module,
            "verbatimModuleSyntax": kind != "cjs",
            "skipLibCheck": platform
            == "workers",  # its types and TypeScript's own both declare `Symbol.dispose`
        }
        names.append(f"tsconfig.{platform}-{kind}.json")
        (folder / names[-1]).write_text(json.dumps({"compilerOptions": options, "files": [file]}))
    return names


@pytest.mark.needs("npm's judges")
def test_typescript_7_builds_it_too(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "acme-prompts")
    for settings in ("tsconfig.json", "tsconfig.cjs.json"):
        run(folder, "node", TSC_7_0, "-p", settings)
    assert "\n# fail 0\n" in run(folder, "node", "--test", "--test-reporter=tap", "test/")


@pytest.mark.needs("npm's judges")
def test_npms_judges_find_nothing_in_the_packed_package(package: Path, tmp_path: Path) -> None:
    (packed,) = json.loads(
        run(package, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", tmp_path)
    )
    names = {file["path"] for file in packed["files"]}
    assert {"README.md", "CHANGELOG.md", "prompts.lock", "esm/index.js", "cjs/index.js"} <= names
    assert not [name for name in names if name.startswith(("src/", "test/"))]
    archive = tmp_path / packed["filename"]
    assert "All good!" in run(tmp_path, NODE_PROVE_MODULES / ".bin/publint", "run", archive, "--strict")
    assert "No problems found" in run(tmp_path, NODE_PROVE_MODULES / ".bin/attw", archive)


@pytest.mark.needs("npm registry")
def test_npm_install_and_npm_test_are_all_it_takes(tmp_path: Path) -> None:
    write_package(tmp_path)
    run(tmp_path, "npm", "install", "--no-audit", "--no-fund")
    assert "pass 21" in run(tmp_path, "npm", "test")
    assert (tmp_path / "acme-prompts-1.2.0.tgz").name in run(tmp_path, "npm", "pack")


def test_the_runtime_ships_verbatim() -> None:
    files = package_files()
    folder = ROOT / "generators/promptstudio_generators/runtime/sdk/typescript"
    sources = {path.name: path.read_text("utf-8") for path in folder.glob("*.ts")}
    assert typescript_sdk_runtime() == sources
    assert {path: text for path, text in files.items() if path.removeprefix("src/") in sources} == {
        f"src/{name}": text for name, text in sources.items()
    }


@pytest.mark.parametrize(("seed", "zone"), [("0", "Asia/Kathmandu"), ("77", "America/New_York")])
def test_the_same_bundle_gives_the_same_bytes_anywhere(seed: str, zone: str) -> None:
    script = (
        "import hashlib, json\n"
        "from tests.generators.sdk.typescript.packages import package_files\n"
        "print(hashlib.sha256(json.dumps(list(package_files().items())).encode()).hexdigest())"
    )
    environ = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    here = json.dumps(list(package_files().items()))
    assert done.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()
