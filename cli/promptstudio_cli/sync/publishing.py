"""Publishing what is in step with the workspace and differs from its latest version."""

from dataclasses import dataclass
from typing import Final

from promptstudio_cli.sync.connection import RefusedError
from promptstudio_cli.sync.differences import Kind
from promptstudio_cli.sync.outcome import Outcome
from promptstudio_cli.sync.plan import Action, Verb
from promptstudio_cli.sync.workspace import Proposal, Published, Workspace

_IN_STEP: Final = frozenset({Verb.create, Verb.update, Verb.record, Verb.keep})
_AS_READ: Final = frozenset({Verb.record, Verb.keep})


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of the new versions, and whether they may break those who call them."""

    message: str
    breaking: bool


def publishable(action: Action) -> bool:
    """Whether, once the action has succeeded, the draft there is the file here."""
    return action.identity.kind is Kind.prompt and action.verb in _IN_STEP


async def publish(action: Action, workspace: Workspace, etag: str, wish: Wish) -> Outcome | None:
    """Publish a prompt's draft, if it still has this ETag; None where its latest version is the same."""
    try:
        proposal = await workspace.proposal(action.identity)
        outcome = _judged(action, proposal, wish)
        if outcome and outcome.ok:
            made = await workspace.publish(
                action.identity, etag, message=wish.message, breaking=wish.breaking
            )
            return _published(action, made, proposal)
    except RefusedError as error:
        return Outcome(action.identity, action.path, "failed", f"not published: {error}")
    return outcome


async def foretold(action: Action, workspace: Workspace, wish: Wish) -> Outcome | None:
    """What `publish` would say, as far as that is known before the text is sent."""
    if action.verb not in _AS_READ:
        return Outcome(action.identity, action.path, "published", "after it is sent")
    try:
        return _judged(action, await workspace.proposal(action.identity), wish)
    except RefusedError as error:
        return Outcome(action.identity, action.path, "failed", str(error))


def _judged(action: Action, proposal: Proposal, wish: Wish) -> Outcome | None:
    """What becomes of a proposal. A change that breaks callers is told with its reasons."""
    if proposal.unchanged:
        return None
    if not proposal.semver:
        detail = "it has errors, and cannot be published"
        return Outcome(action.identity, action.path, "failed", detail, proposal.problems)
    if proposal.breaking and not wish.breaking:
        detail = f"{proposal.semver} would break those who call it; --breaking publishes it all the same"
        return Outcome(action.identity, action.path, "breaking", detail, proposal.reasons)
    return _published(action, Published(proposal.number, proposal.semver), proposal)


def _published(action: Action, made: Published, proposal: Proposal) -> Outcome:
    detail = f"version {made.number}, {made.semver}"
    return Outcome(action.identity, action.path, "published", detail, proposal.reasons, made)
