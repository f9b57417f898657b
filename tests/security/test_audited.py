"""Every route × the audit log: what changes something leaves an entry that says so, and nothing else does."""

import json
from pathlib import Path
from typing import Final

import pytest

from promptstudio.audit.verify import verify
from promptstudio_functions.guarded_route import noun
from tests.security.ground import Copy, Ground, filled
from tests.security.matrix import NEW_PASSWORD, ROWS, Row, call

pytestmark = pytest.mark.usefixtures("cheap_hashes")

TOLD: Final = """
DELETE /api/session                                  session.ended
POST   /api/session/workspace                        session.began session.ended
PUT    /api/session/password                         password.changed session.began
GET    /sign-in                                      session.began
POST   /api/password                                 password.reset
POST   /api/invitations/accept                       invitation.accepted member.added session.began
PATCH  /api/workspace                                workspace.renamed settings.changed
PATCH  /api/members/{id}                             member.changed
DELETE /api/members/{id}                             member.removed
POST   /api/members/{id}/password-reset              password_reset.created
POST   /api/invitations                              invitation.created
DELETE /api/invitations/{id}                         invitation.withdrawn
POST   /api/keys                                     key.created
PATCH  /api/keys/{id}                                key.changed
DELETE /api/keys/{id}                                key.revoked
POST   /api/keys/{id}/rotate                         key.rotated
PUT    /api/providers/{name}                         provider.saved
DELETE /api/providers/{name}                         provider.deleted
PUT    /api/partials/{name}                          partial.saved
DELETE /api/partials/{name}                          partial.deleted
POST   /api/prompts                                  prompt.created
PATCH  /api/prompts/{name}                           prompt.changed
DELETE /api/prompts/{name}                           prompt.deleted
PUT    /api/prompts/{name}/draft                     draft.saved
POST   /api/prompts/{name}/versions                  prompt.published
PUT    /api/prompts/{name}/labels/{label}            label.moved
DELETE /api/prompts/{name}/labels/{label}            label.deleted
POST   /api/prompts/{name}/labels/{label}/rollback   label.moved
PUT    /api/prompts/{name}/shares/{member}           prompt.shared
DELETE /api/prompts/{name}/shares/{member}           prompt.unshared
POST   /api/prompts/{name}/links                     link.created
DELETE /api/prompts/{name}/links/{id}                link.revoked
"""
"""What each route that changes something is in the log, written down apart from the product's own table."""

ACTIONS: Final = {(line.split()[0], line.split()[1]): line.split()[2:] for line in TOLD.splitlines() if line}

NO_CHANGES: Final = {
    ("POST", "/api/session"),  # with a password that is wrong, of an address that nobody has
    ("POST", "/api/shared"),
    ("POST", "/api/prompts/{name}/test"),
    ("POST", "/api/providers/{name}/test"),
}


def named(row: Row) -> str:
    return " ".join(row.route)


async def lines(copy: Copy) -> list[bytes]:
    """The workspace's export as its owner gets it, found to be good."""
    answer = await copy.ask(copy.ground.mine.actors["owner"], ("GET", "/api/audit/export"))
    assert answer.status_code == 200
    found = answer.content.removesuffix(b"\n").split(b"\n")
    key = copy.ground.app.state.services.audit.key(copy.ground.mine.workspace)
    assert verify(found, key=key, workspace=copy.ground.mine.workspace).finding is None
    return found


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_what_a_route_changes_it_is_told_of(ground: Ground, tmp_path: Path, row: Row) -> None:
    """The issue's promise: every change through the API, and every sign-in."""
    mine, (method, path) = ground.mine, row.route
    async with ground.copy(tmp_path) as copy:
        before, rows = len(await lines(copy)), copy.rows()
        headers = {"user-agent": "matrix", **({} if row.public else mine.actors["owner"])}
        answer = await copy.ask(headers, (method, filled(path, mine.ids)), **call(row.route, mine))
        changed, auditor = copy.rows() != rows, mine.actors["admin key"]
        found = await copy.ask(auditor, ("GET", "/api/audit/export"), params={"after": before - 1})
        entries = [json.loads(line) for line in found.text.splitlines()[:-1]]
    assert [entry["action"] for entry in entries] == ACTIONS.get(row.route, [])
    assert answer.status_code == (401 if path == "/api/session" and method == "POST" else row.success)
    assert changed or not entries
    assert not changed or entries or row.route in NO_CHANGES
    for entry in entries:
        assert entry["workspace"] == mine.workspace
        assert entry["from"]["ip"] == "127.0.0.1"
        assert entry["from"]["user_agent"] == "matrix"
        assert entry["actor"]["name"]
        assert entry["target"]["id"] not in ("", "None")
        assert "before" in entry or "after" in entry
    secrets = [*mine.secrets.values(), NEW_PASSWORD, "argon2", *headers.values(), "v1."]
    told = [secret for secret in secrets if secret != "matrix" and secret in json.dumps(entries)]
    assert told == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.route in ACTIONS and not row.public], ids=named)
async def test_what_is_refused_leaves_no_entry(ground: Ground, tmp_path: Path, row: Row) -> None:
    mine, (method, path) = ground.mine, row.route
    refused = [who for who, status in row.statuses.items() if status != row.success]
    async with ground.copy(tmp_path) as copy:
        before = await lines(copy)
        for who in refused:
            await copy.ask(mine.actors[who], (method, filled(path, mine.ids)), **call(row.route, mine))
        assert len(await lines(copy)) == len(before)


def test_a_route_that_may_change_something_cannot_be_made_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    from promptstudio_functions.permissions import PUBLIC, RULES

    async def handler() -> None: ...

    monkeypatch.setitem(RULES, ("POST", "/api/untold"), PUBLIC)
    with pytest.raises(KeyError, match="POST /api/untold"):
        noun("new").add_api_route("/api/untold", handler, methods=["POST"])
