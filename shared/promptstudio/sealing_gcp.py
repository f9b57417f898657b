"""A sealing key in Google's Secret Manager, read as the service account that the metadata server names."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from promptstudio.sealing_fetched import PATIENCE_S, FetchedKey, decoded_key, unavailable
from promptstudio.settings import SettingsError

_TOKEN: Final = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - a path
_GOOGLE: Final = {"Metadata-Flavor": "Google"}


@dataclass(frozen=True, slots=True)
class Urls:
    """Where Google answers; elsewhere in tests."""

    secrets: str = "https://secretmanager.googleapis.com"
    metadata: str = "http://metadata.google.internal"


def secret_manager_key(
    name: str, *, urls: Urls | None = None, clock: Callable[[], float] = time.monotonic
) -> FetchedKey:
    """The key in `projects/…/secrets/…/versions/…`, in base64."""
    return FetchedKey(f"gcp:{name}", lambda: _fetch(name, urls or Urls()), clock=clock)


async def _fetch(name: str, urls: Urls) -> bytes:
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session:
            token = await _get(session, urls.metadata + _TOKEN, _GOOGLE)
            authorization = {"Authorization": f"Bearer {token['access_token']}"}
            secret = await _get(session, f"{urls.secrets}/v1/{name}:access", authorization)
        text = base64.b64decode(secret["payload"]["data"], validate=True).decode("latin-1")
        return decoded_key(text, f"The secret {name}")
    except aiohttp.ClientResponseError as error:
        raise unavailable(f"gcp:{name}", f"status {error.status}") from None
    except SettingsError as error:
        raise unavailable(f"gcp:{name}", str(error)) from None
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
        raise unavailable(f"gcp:{name}", type(error).__name__) from None


async def _get(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    async with session.get(url, headers=headers, allow_redirects=False, raise_for_status=True) as response:
        answer: dict[str, Any] = await response.json()
        return answer
