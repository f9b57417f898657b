"""Where a generated Lambda project keeps its state: the DynamoDB table of its stack."""

from collections.abc import Mapping
from typing import Final

from promptstudio.storage.late import LateStore
from promptstudio.storage.port import Store

_TABLE: Final = "PROMPTSTUDIO_TABLE"


def open_store(environ: Mapping[str, str]) -> Store | None:
    """The table that the environment names; None where it names none, as on one's own machine.

    boto3, which Lambda's runtime has, is imported when the store is first asked.
    """
    table = environ.get(_TABLE)
    return LateStore(lambda: _open(table)) if table else None


def _open(table: str) -> Store:
    from promptstudio.storage.dynamodb import DynamoStore  # late: it is the SDK's errors that it names

    return DynamoStore(table)
