"""The store of a generated Google Cloud function, from its environment."""

import subprocess
import sys

import pytest

from promptstudio.gcf_target import open_store
from promptstudio.settings import SettingsError
from promptstudio.storage.port import Item, Put
from tests.contract.engines import start
from tests.contract.engines.upstash import TOKEN

URL, SECRET = "https://eu1-acme-1.upstash.io", "AYasSecret"


@pytest.mark.parametrize(
    "url", [None, "", " ", "eu1-acme-1.upstash.io", f"rediss://default:{SECRET}@a.example:6379"]
)
def test_a_function_without_the_databases_url_does_not_start(url: str | None) -> None:
    environ = {"UPSTASH_REDIS_REST_TOKEN": SECRET, **({} if url is None else {"UPSTASH_REDIS_REST_URL": url})}
    with pytest.raises(SettingsError, match=r"^UPSTASH_REDIS_REST_URL should be .* https://\.$") as refusal:
        open_store(environ)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("token", [None, "", "\n"])
def test_a_function_without_its_token_does_not_start(token: str | None) -> None:
    environ = {} if token is None else {"UPSTASH_REDIS_REST_TOKEN": token}
    with pytest.raises(SettingsError, match=r"^UPSTASH_REDIS_REST_TOKEN should be the database's token\.$"):
        open_store({"UPSTASH_REDIS_REST_URL": URL, **environ})


@pytest.mark.needs("redis-server")
async def test_the_store_is_the_database_that_is_named() -> None:
    with start("upstash") as engine:
        environ = {"UPSTASH_REDIS_REST_URL": f"{engine.address}\n", "UPSTASH_REDIS_REST_TOKEN": f" {TOKEN}"}
        store, other = open_store(environ), open_store(environ)
        await store.transact([Put("acme#limits", "1", {"runs": 1})])
        assert await other.get("acme#limits", "1") == Item("acme#limits", "1", {"runs": 1}, 1)
        await store.close()
        await other.close()


def test_the_databases_client_is_imported_when_it_is_first_asked() -> None:
    script = (
        "import sys\n"
        "from promptstudio.gcf_target import open_store\n"
        f"open_store({{'UPSTASH_REDIS_REST_URL': {URL!r}, 'UPSTASH_REDIS_REST_TOKEN': 't'}})\n"
        "print(sorted({'httpx', 'upstash_redis'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
