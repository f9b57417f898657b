"""docs/openapi.json: the description of the platform's API as it is committed. `make regen` writes it."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.functions.platform import platform_in

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def api_document() -> str:
    """The description as the application gives it, as text of one form."""
    return json.dumps(asyncio.run(_described()), indent=2, ensure_ascii=False) + "\n"


async def _described() -> object:
    with TemporaryDirectory() as folder:
        async with platform_in(Path(folder)) as platform:
            client = platform.client()
            return (await client.get("/api/openapi.json")).json()
