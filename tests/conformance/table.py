"""The table of cases and runtimes: how many passed in each, and what is not for a runtime and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.conformance.case import RUNTIMES, Case

TITLES: Final = {
    "python": "Python",
    "workerd": "workerd",
    "vercel": "Vercel edge",
    "vercel_node": "Vercel Node",
    "gcf": "Google Cloud",
    "aws_sam": "Lambda",
}
NOT_RUN: Final = "· not run here; `make conformance` runs all"

GROUPS: Final = {
    "paths, documents": ("path", "health", "prompts", "openapi", "name"),
    "keys, CORS": ("key", "cors"),
    "bodies, JSON values": ("type", "size", "fields", "values"),
    "order of the stages": ("order",),
    "versions, labels, aliases": ("version", "label", "alias", "model"),
    "variables": ("variables", "empty"),
    "templates": ("template", "render", "injection"),
    "history, media": ("history", "media"),
    "providers": ("openai", "anthropic", "groq", "compatible", "echo"),
    "answers, cost": ("answer", "finish", "cost"),
    "structured output": ("json",),
    "streams": ("stream",),
    "provider failures": ("provider", "retry"),
    "OpenAI's clients": ("responses",),
    "limits": ("limits",),
    "idempotency": ("idempotency",),
    "cache": ("cache",),
    "store": ("store",),
}
"""A row of the table → the words that its cases' names begin with."""

BEGIN: Final = "<!-- conformance -->\n"
END: Final = "<!-- /conformance -->\n"

_GROUP_OF: Final = {word: group for group, words in GROUPS.items() for word in words}
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Verdicts = Mapping[tuple[str, str], bool]
"""(case, runtime) → whether it passed; what was not played is not in it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A row of texts for each group of cases, or for each case; the first row names the columns."""

    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def table(cases: Sequence[Case], verdicts: Verdicts, *, by_case: bool = False) -> Table:
    """The table of what was played: rows of groups, or `by_case`, and of the whole."""
    reasons = list(dict.fromkeys(_reason(case) for case in cases if len(case.runtimes) < len(RUNTIMES)))
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.name if by_case else group(case.name), []).append(case)
    order = list(GROUPS)
    names = list(groups) if by_case else sorted(groups, key=lambda name: _place(name, order))
    rows = [["", "cases", *(TITLES[runtime] for runtime in RUNTIMES)]]
    for name, members in (*((name, groups[name]) for name in names), ("all", list(cases))):
        cells = (_cell(members, runtime, verdicts, reasons) for runtime in RUNTIMES)
        rows.append([name, str(len(members)), *cells])
    notes = [f"–{_mark(index)} {reason}" for index, reason in enumerate(reasons)]
    return Table(rows, [*notes, NOT_RUN] if any("·" in cell for row in rows for cell in row) else notes)


def merged(played: Iterable[tuple[str, str, bool]]) -> dict[tuple[str, str], bool]:
    """The verdicts of (case, runtime, passed): what was played several times has to pass each time."""
    verdicts: dict[tuple[str, str], bool] = {}
    for case, runtime, passed in played:
        verdicts[case, runtime] = passed and verdicts.get((case, runtime), True)
    return verdicts


def group(case: str) -> str:
    """The row that a case belongs to; cases that are none of ours have one by their first word."""
    word = case.partition("-")[0]
    return _GROUP_OF.get(word, word)


def as_text(shown: Table) -> Iterator[str]:
    """The table's lines for a terminal."""
    widths = [max(map(len, column)) for column in zip(*shown.rows, strict=True)]
    for first, *others in shown.rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])
    yield from shown.notes


def as_markdown(shown: Table) -> str:
    """The table in Markdown, with a line for each note."""
    head, *rows = shown.rows
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    notes = "".join(f"\n{note}\n" for note in shown.notes)
    return text + notes


def placed(text: str, markdown: str) -> str:
    """The text with the table at its place between BEGIN and END, or else the table alone."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{markdown}\n{end}{after}" if end else markdown


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name), "") if name in order else (len(order), name)


def _cell(cases: Sequence[Case], runtime: str, verdicts: Verdicts, reasons: Sequence[str]) -> str:
    played = [
        verdicts[case.name, runtime]
        for case in cases
        if runtime in case.runtimes and (case.name, runtime) in verdicts
    ]
    missing = sum(runtime in case.runtimes for case in cases) - len(played)
    marks = sorted({reasons.index(_reason(case)) for case in cases if runtime not in case.runtimes})
    parts = [
        str(sum(played)) if any(played) else "",
        f"✗{played.count(False)}" if False in played else "",
        f"·{missing}" if missing else "",
        f"–{','.join(map(_mark, marks))}" if marks else "",
    ]
    return " ".join(part for part in parts if part)


def _reason(case: Case) -> str:
    names = ", ".join(TITLES[runtime] for runtime in RUNTIMES if runtime not in case.runtimes)
    return f"not in {names}: {case.not_elsewhere or 'the case is not for it'}"


def _mark(index: int) -> str:
    return str(index + 1).translate(_SUPERSCRIPT)
