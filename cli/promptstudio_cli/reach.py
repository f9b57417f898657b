"""Asking each provider in use whether it answers, and whether it takes our key."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import aiohttp

from promptstudio.messages import Message, Text
from promptstudio.providers.base import Call, OutputFormat, Provider, Setup
from promptstudio.providers.catalog import ADAPTERS
from promptstudio_cli.findings import Finding

_TIMEOUT_S: Final = 5
_REFUSED: Final = (401, 403)


def reach_providers(providers: Iterable[Provider], environ: Mapping[str, str]) -> list[Finding]:
    """A finding for each provider. Every one is asked for its list of models, all at the same time."""
    return asyncio.run(_reach_all(providers, environ))


async def _reach_all(providers: Iterable[Provider], environ: Mapping[str, str]) -> list[Finding]:
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await asyncio.gather(*(_reach(session, provider, environ) for provider in providers))


async def _reach(session: aiohttp.ClientSession, provider: Provider, environ: Mapping[str, str]) -> Finding:
    name = f"provider {provider.name}"
    if provider.type == "echo":
        return Finding(name, "ok", "Built in: it answers with the rendered prompt.")
    key = environ.get(provider.api_key_env or "", "").strip()
    try:
        status = await _list_models(session, provider, key)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or "no answer in time"
        return Finding(
            name,
            "missing",
            f"{provider.base_url} cannot be reached: {reason}.",
            "Check the network, and base_url in promptstudio.toml; start the server if it is your own.",
        )
    return _judge(name, provider, key, status)


async def _list_models(session: aiohttp.ClientSession, provider: Provider, key: str) -> int:
    """The status with which GET /models is answered, asked with the headers of any question.

    The key goes to its own provider's declared host only.
    """
    api = ADAPTERS[provider.type]
    question = Call(Setup(provider, "", {}, OutputFormat()), [Message("user", (Text("?"),))], stream=False)
    headers = {**api.adapter.build_request(question).headers, **provider.headers}
    if key:
        headers[api.key_header] = api.key_prefix + key
    url = f"{provider.base_url.rstrip('/')}/models"
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        return response.status


def _judge(name: str, provider: Provider, key: str, status: int) -> Finding:
    url, variable = provider.base_url, provider.api_key_env
    if variable and not key:
        advice = f"export {variable}=…  (until then `promptstudio dev` answers with an echo)"
        return Finding(name, "missing", f"{url} answers, but {variable} is not set.", advice)
    if status in _REFUSED and variable:
        return Finding(name, "missing", f"{url} refuses the key in {variable}.", "Set it to a valid key.")
    if status in _REFUSED:
        advice = "Name the variable that holds one: api_key_env in promptstudio.toml."
        return Finding(name, "missing", f"{url} wants a key.", advice)
    if status // 100 != 2:
        return Finding(name, "ok", f"{url} answers, though it lists no models (status {status}).")
    return Finding(name, "ok", f"{url} answers and takes {variable}." if variable else f"{url} answers.")
