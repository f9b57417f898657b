"""/api/providers: where models answer, and the keys that are kept for them."""

from typing import Annotated, Final

from fastapi import Path, Response

from promptstudio.storage.listings import Listing
from promptstudio.workspaces.provider_answers import ProviderAnswer, answer, get_provider, list_providers
from promptstudio.workspaces.provider_changes import ProviderChange, delete_provider, put_provider
from promptstudio.workspaces.provider_probe import ProbeAnswer, probe_provider
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, IfMatch, Limit

router = noun("providers")

_ALL: Final = "/api/providers"
_ONE: Final = _ALL + "/{name}"

Name = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,62}$")]


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[ProviderAnswer]:
    """The built-in providers and those that were declared, by name."""
    return await list_providers(app.store, by, cursor=cursor, limit=limit)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: Name) -> ProviderAnswer:
    """One provider. A built-in one that was neither given a key nor changed has no ETag."""
    shown, etag = await get_provider(app.store, by, name)
    if etag is not None:
        response.headers["ETag"] = etag
    return shown


@router.put(_ONE, responses={201: {"model": ProviderAnswer, "description": "It is declared now."}})
async def put_one(
    app: App, by: By, response: Response, name: Name, body: ProviderChange, if_match: IfMatch = None
) -> ProviderAnswer:
    """Declare a provider, or change it; what the body leaves out stays. The secret is never answered.

    Where its key would go to another host or port, or out in another way, it has to be sent again.
    """
    put = await put_provider(
        app.store, app.sealer, app.guard, by, name, body, if_match=if_match, now=app.now()
    )
    response.headers["ETag"] = put.etag
    response.status_code = 201 if if_match is None else 200
    return answer(put.value, by)


@router.delete(_ONE, status_code=204)
async def delete_one(app: App, by: By, name: Name, if_match: IfMatch = None) -> None:
    """Forget a provider and its key; a built-in one is then as it was."""
    await delete_provider(app.store, by, name, if_match=if_match)


@router.post(_ONE + "/test")
async def test_one(app: App, by: By, name: Name) -> ProbeAnswer:
    """Ask the provider for its models, with the key that is kept, and tell whether that works."""
    return await probe_provider(app.store, app.sealer, app.connections, by, name)
