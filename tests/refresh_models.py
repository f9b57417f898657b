"""Write models.json anew from litellm's price table (MIT), of which only the JSON file is read.

    pip download --no-deps --dest DIR litellm
    python tests/refresh_models.py DIR/litellm-*.whl

What litellm does not know (successors, models shut before its table began) stands below: from the pages on
deprecations of OpenAI, Anthropic and Groq, read in November 2026.
"""

import json
import re
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

from promptstudio.providers.models import undated

TABLE = "litellm/model_prices_and_context_window_backup.json"
MODELS = Path(__file__).parents[1] / "shared/promptstudio/providers/models.json"

PROVIDERS = ("openai", "anthropic", "groq")
# Not for writing text, for a closed circle only, or not a model.
LEFT_OUT = re.compile(
    r"^ft:|audio|search|container|computer-use|guard|deep-research|cyber|daybreak|rosalind|-law$|^chat-latest|mythos"
)
PICO = 10**12
PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}

SUCCESSORS = {
    "anthropic/claude-opus-4": "anthropic/claude-opus-4-8",
    "anthropic/claude-sonnet-4": "anthropic/claude-sonnet-4-6",
    "anthropic/claude-sonnet-4-5": "anthropic/claude-sonnet-5-5",
    "groq/llama-3.1-8b-instant": "groq/openai/gpt-oss-20b",
    "groq/llama-3.3-70b-versatile": "groq/openai/gpt-oss-120b",
    "openai/gpt-3.5-turbo": "openai/gpt-5.6-terra",
    "openai/gpt-3.5-turbo-16k": "openai/gpt-5.6-terra",
    "openai/gpt-4": "openai/gpt-5.6-sol",
    "openai/gpt-4-1106-preview": "openai/gpt-5.6-sol",
    "openai/gpt-4-turbo": "openai/gpt-5.6-sol",
    "openai/gpt-4.1": "openai/gpt-6-luna",
    "openai/gpt-4.1-mini": "openai/gpt-6-luna",
    "openai/gpt-4.1-nano": "openai/gpt-5.6-luna",
    "openai/gpt-4o": "openai/gpt-6-luna",
    "openai/gpt-4o-2024-05-13": "openai/gpt-5.6-sol",
    "openai/gpt-4o-mini": "openai/gpt-6-luna",
    "openai/gpt-5": "openai/gpt-5.6-sol",
    "openai/gpt-5-chat": "openai/gpt-5.6-sol",
    "openai/gpt-5-chat-latest": "openai/gpt-5.6-sol",
    "openai/gpt-5.1-chat-latest": "openai/gpt-5.6-sol",
    "openai/gpt-5.2-chat-latest": "openai/gpt-5.6-sol",
    "openai/gpt-5.3-chat-latest": "openai/gpt-5.6-sol",
    "openai/gpt-5-codex": "openai/gpt-5.6-sol",
    "openai/gpt-5-mini": "openai/gpt-5.6-terra",
    "openai/gpt-5-nano": "openai/gpt-5.6-luna",
    "openai/gpt-5-pro": "openai/gpt-5.6-sol",
    "openai/gpt-5.1": "openai/gpt-5.6-sol",
    "openai/gpt-5.1-codex": "openai/gpt-5.6-sol",
    "openai/gpt-5.1-codex-max": "openai/gpt-5.6-sol",
    "openai/gpt-5.1-codex-mini": "openai/gpt-5.6-terra",
    "openai/gpt-5.2-codex": "openai/gpt-5.6-sol",
    "openai/gpt-5.3-codex": "openai/gpt-5.6-sol",
    "openai/gpt-5.4-nano": "openai/gpt-5.6-luna",
    "openai/o1": "openai/gpt-5.6-sol",
    "openai/o1-pro": "openai/gpt-5.6-sol",
    "openai/o3": "openai/gpt-5.6-sol",
    "openai/o3-mini": "openai/gpt-5.6-sol",
    "openai/o3-pro": "openai/gpt-5.6-sol",
    "openai/o4-mini": "openai/gpt-5.6-terra",
}
RETIREMENTS = {
    "anthropic/claude-opus-4": "2026-06-15",
    "anthropic/claude-sonnet-4": "2026-06-15",
    "groq/llama-3.1-8b-instant": "2026-08-16",
    "groq/llama-3.3-70b-versatile": "2026-08-16",
    "openai/gpt-4.1": "2027-01-14",
    "openai/gpt-4.1-mini": "2027-01-14",
    "openai/gpt-4o": "2027-01-14",
    "openai/gpt-4o-mini": "2027-01-14",
}

Row = dict[str, int | str | list[str]]


def trim(table: dict[str, dict[str, object]]) -> dict[str, Row]:
    """The rows of models.json, sorted by name."""
    rows: dict[str, Row] = {}
    for name, facts in table.items():
        provider = str(facts.get("litellm_provider"))
        if provider in PROVIDERS and facts.get("mode") in ("chat", "responses") and not LEFT_OUT.search(name):
            rows[f"{provider}/{name.removeprefix(f'{provider}/')}"] = _row(facts)
    for name, retires in RETIREMENTS.items():
        rows.setdefault(name, {})["retires"] = retires
    for name, row in rows.items():
        if "retires" in row:
            row["successor"] = SUCCESSORS[name if name in SUCCESSORS else undated(name)]
    return {name: rows[name] for name in sorted(rows) if not _says_nothing_new(name, rows)}


def _row(facts: dict[str, object]) -> Row:
    row: Row = {}
    for name, key in PRICES.items():
        if facts.get(key) is not None:
            row[name] = int(Decimal(str(facts[key])) * PICO)
    if isinstance(facts.get("max_input_tokens"), int):
        row["context"] = int(str(facts["max_input_tokens"]))
    if facts.get("supports_sampling_params") is False:
        row["lacks"] = ["temperature", "top_p"]
    if facts.get("deprecation_date"):
        row["retires"] = str(facts["deprecation_date"])
    return row


def _says_nothing_new(name: str, rows: dict[str, Row]) -> bool:
    """A dated name whose undated one has the same facts: find_model looks there."""
    return undated(name) != name and rows.get(undated(name)) == rows[name]


def main(wheel: str) -> None:
    """Read the wheel, write models.json: a model a line."""
    with zipfile.ZipFile(wheel) as archive:
        table = json.loads(archive.read(TABLE), parse_float=Decimal)
    version = Path(wheel).name.split("-")[1]
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in trim(table).items())
    source = json.dumps(f"litellm {version}, MIT; tests/refresh_models.py says how")
    text = f'{{\n  "source": {source},\n  "models": {{\n{rows}\n  }}\n}}\n'
    MODELS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
