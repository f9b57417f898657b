"""What a generated Google Cloud function with a store runs beside its bundle: the store, at Upstash."""

from collections.abc import Mapping
from typing import Final

from promptstudio.settings import SettingsError
from promptstudio.storage.port import Store
from promptstudio.storage.upstash import UpstashStore

_URL: Final = "UPSTASH_REDIS_REST_URL"
_TOKEN: Final = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105 - its name


def open_store(environ: Mapping[str, str]) -> Store:
    """The database that the environment names; its client is imported when it is first asked.

    Raises SettingsError, so that a function that could count nothing does not start.
    """
    url, token = environ.get(_URL, "").strip(), environ.get(_TOKEN, "").strip()
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"{_URL} should be the database's URL, which begins with https://.")
    if not token:
        raise SettingsError(f"{_TOKEN} should be the database's token.")
    return UpstashStore(url, token)
