"""Publishing: a text becomes the next version of its prompt, and says what that means to callers."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pydantic import Field

from promptstudio.access.authors import author
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import require_role
from promptstudio.access.sharing import prompt_key
from promptstudio.errors import FieldError
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.contract import read_contract
from promptstudio.prompts.semver import Level, Proposal, propose
from promptstudio.storage.port import Store, Write
from promptstudio.storage.records import Record, Stored, created, optional, require_match
from promptstudio.times import rfc3339
from promptstudio.values import Json
from promptstudio.workspaces.aliases import ALIASES_MAX, alias_writes
from promptstudio.workspaces.drafts import Draft, draft_of, draft_put
from promptstudio.workspaces.given import Labels, Message, Text
from promptstudio.workspaces.history import history_put
from promptstudio.workspaces.labels import moved, require_mover
from promptstudio.workspaces.prompts import PromptRecord, described, get_prompt, prompt_put
from promptstudio.workspaces.settled import settled
from promptstudio.workspaces.texts import Checked, Finding, check_text, require_no_errors
from promptstudio.workspaces.versions import WholeVersion, version_of, version_puts

_SHA256: Final = "sha256:"


class PublishOrder(Record):
    """What is to be published: the draft, or `text`, which then is the draft too.

    A change that breaks callers needs `breaking`. The `labels` move to the new version.
    """

    message: Message = ""
    breaking: bool = False
    labels: Labels = ()
    text: Text | None = None


class ProposalAnswer(Record):
    """What publishing the draft would say now. With errors among the findings there is no version."""

    number: int
    unchanged: bool
    findings: tuple[Finding, ...]
    semver: str | None = optional()
    level: Level | None = optional()
    reasons: tuple[str, ...] = Field(default=())


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A text that may become a version: what it is after, what it would be, and what was found in it."""

    found: Stored[PromptRecord]
    draft: Stored[Draft]
    text: str
    last: WholeVersion | None
    checked: Checked

    @property
    def number(self) -> int:
        return self.found.value.latest + 1

    def prompt(self) -> Mapping[str, Json]:
        """The prompt as a bundle holds it; raises PlatformError fields_invalid."""
        prompts = require_no_errors(self.checked)["prompts"]
        return cast("Mapping[str, Mapping[str, Json]]", prompts)[self.found.value.name]

    def row(self) -> Mapping[str, Json]:
        """Its version; raises PlatformError fields_invalid."""
        (row,) = cast("Mapping[str, Mapping[str, Json]]", self.prompt()["versions"]).values()
        return row

    def aliases(self) -> list[str]:
        """The other names it asks for; raises PlatformError fields_invalid."""
        names = cast("list[str]", self.prompt()["aliases"])
        return [name for name in names if name != self.found.value.name]

    def proposal(self) -> Proposal:
        before = None if self.last is None else read_contract(self.last.text)
        return propose(before, read_contract(self.text), self.found.value.semver)

    def is_last(self) -> bool:
        """Whether the last version is the very same."""
        row, last = self.row(), self.last
        return last is not None and (last.sha256, last.model) == (_digest(row), row["model"])


async def propose_draft(store: Store, by: Principal, name: str, now: float) -> ProposalAnswer:
    """What publishing a prompt's draft would say; raises PlatformError not_found."""
    candidate = await _candidate(store, by, name, None, now)
    findings = candidate.checked.findings
    if candidate.checked.bundle is None:
        return ProposalAnswer(number=candidate.number, unchanged=False, findings=findings)
    proposal = await asyncio.to_thread(candidate.proposal)
    return ProposalAnswer(
        number=candidate.number,
        unchanged=candidate.is_last(),
        findings=findings,
        semver=proposal.semver,
        level=proposal.level,
        reasons=proposal.reasons,
    )


async def publish(
    store: Store, by: Principal, name: str, order: PublishOrder, *, if_match: str | None, now: float
) -> Stored[WholeVersion]:
    """Publish a prompt's draft under its ETag, as the version behind the latest.

    Raises PlatformError not_found, fields_invalid with the text's errors, nothing_new, breaking_change,
    exists for an alias that is taken, role_needed for a protected label, labels_full, if_match_missing, stale
    or item_too_large.
    """

    async def attempt() -> Stored[WholeVersion]:
        candidate = await _candidate(store, by, name, order.text, now)
        require_match(candidate.draft, if_match)
        require_no_errors(candidate.checked)
        proposal = await asyncio.to_thread(candidate.proposal)
        version = _version(candidate, proposal, by, order, now)
        await store.transact(
            await _writes(store, by, candidate, version, order, now), operation=new_id("publish")
        )
        return created(version)

    return await settled(attempt)


async def _candidate(store: Store, by: Principal, name: str, text: str | None, now: float) -> _Candidate:
    found = await get_prompt(store, by.workspace, name)
    record = found.value
    draft = await draft_of(store, by.workspace, record.id, name)
    last = await version_of(store, by.workspace, record.id, record.latest) if record.latest else None
    chosen = draft.value.text if text is None else text
    checked = await check_text(store, by.workspace, name, chosen, now)
    return _Candidate(found, draft, chosen, None if last is None else last.value, checked)


def _version(
    candidate: _Candidate, proposal: Proposal, by: Principal, order: PublishOrder, now: float
) -> WholeVersion:
    """The version; raises PlatformError for what cannot be published."""
    row = candidate.row()
    if candidate.is_last():
        raise PlatformError("nothing_new", number=candidate.number - 1)
    if len(candidate.aliases()) > ALIASES_MAX:
        raise PlatformError(
            "fields_invalid", errors=[FieldError("/text", f"has more than {ALIASES_MAX} aliases")]
        )
    if proposal.breaking and not order.breaking:
        errors = [FieldError("/breaking", reason) for reason in proposal.reasons]
        raise PlatformError("breaking_change", errors=errors)
    return WholeVersion(
        id=new_id("ver"),
        number=candidate.number,
        semver=proposal.semver,
        level=proposal.level,
        reasons=proposal.reasons,
        message=order.message,
        model=cast("str", row["model"]),
        description=cast("str | None", row.get("description")),
        sha256=_digest(row),
        created_at=rfc3339(now),
        created_by=author(by),
        text=candidate.text,
        partials=dict(candidate.checked.partials),
    )


async def _writes(
    store: Store,
    by: Principal,
    candidate: _Candidate,
    version: WholeVersion,
    order: PublishOrder,
    now: float,
) -> list[Write]:
    record = candidate.found.value
    names = candidate.aliases()
    published = _published(by, record, version, names, order, now)
    details: dict[str, Json] = {"version": version.number, "semver": version.semver}
    if order.labels:
        details["labels"] = list(order.labels)
    entry = history_put(prompt_key(by.workspace, record.id), by, "published", details, now)
    return [
        prompt_put(by.workspace, published, candidate.found.version),
        draft_put(by.workspace, record.id, _draft(by, candidate, now), candidate.draft.version),
        *version_puts(by.workspace, record.id, version),
        entry,
        *await alias_writes(store, by.workspace, record, names),
    ]


def _require_namer(by: Principal, new: Collection[str]) -> None:
    """Raise PlatformError for who has to do with single prompts, and wants names that all could have."""
    if not new:
        return
    if by.prompts is not None:
        raise PlatformError("key_limited")
    if by.role is not None:
        require_role(by, Role.editor)


def _draft(by: Principal, candidate: _Candidate, now: float) -> Draft:
    """The draft that goes on from the new version."""
    draft = candidate.draft.value.model_copy(update={"base": candidate.number})
    if draft.text == candidate.text:
        return draft
    return draft.model_copy(
        update={"text": candidate.text, "updated_at": rfc3339(now), "updated_by": author(by)}
    )


def _published(
    by: Principal,
    record: PromptRecord,
    version: WholeVersion,
    aliases: list[str],
    order: PublishOrder,
    now: float,
) -> PromptRecord:
    """The prompt's record after it; raises PlatformError role_needed, key_limited or labels_full."""
    _require_namer(by, set(aliases) - set(record.aliases))
    update = {
        "latest": version.number,
        "semver": version.semver,
        "aliases": tuple(sorted(aliases)),
        "updated_at": rfc3339(now),
        "updated_by": author(by),
    }
    published = described(record, version.text).model_copy(update=update)
    for label in order.labels:
        require_mover(by, record, label)
        published = moved(published, label, version.number)
    return published


def _digest(row: Mapping[str, Json]) -> str:
    """The SHA-256, in hexadecimal, of a version's text and the partials it brings in."""
    return cast("str", row["source"]).removeprefix(_SHA256)
