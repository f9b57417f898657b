"""DynamoDB's client: made as the store needs it, and asked so that each outcome has a name."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from promptstudio.storage.port import Unavailable
from promptstudio.storage.retry import ANSWER_S, CONNECT_S, Lost, NotDone

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.awsrequest import AWSResponse
    from types_boto3_dynamodb import DynamoDBClient

CONNECTIONS: Final = 32
REFUSED: Final = "ConditionalCheckFailed"
_NOT_DONE: Final = {  # as an answer, and as a reason why a transaction was cancelled
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
}

Answer = TypeVar("Answer")


class Refused(Exception):  # noqa: N818 - an outcome, not a fault
    """Conditions did not hold. The reasons are in the order of the actions."""

    def __init__(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        self.reasons = reasons


def connect(
    endpoint: str | None = None, session: "Session | None" = None, answer_s: float = ANSWER_S
) -> "DynamoDBClient":
    """A client as the store needs it. Region and credentials are found where boto3 looks for them."""
    import boto3  # late, as it takes a fifth of a second
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=answer_s,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1},
    )
    client = (session or boto3.session.Session()).client("dynamodb", endpoint_url=endpoint, config=config)
    client.meta.events.register("after-call.dynamodb", _check_whole)
    return client


def make_table(client: "DynamoDBClient", table: str) -> None:
    """Make the table as the store needs it, and wait until it is there."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    client.get_waiter("table_exists").wait(TableName=table)
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


def ask(call: "Callable[[DynamoDBClient], Answer]", client: "Callable[[], DynamoDBClient]") -> Answer:
    """What DynamoDB answers. Blocks. Raises NotDone, Lost, Refused or Unavailable."""
    from botocore.parsers import ResponseParserError  # late: it comes with boto3

    try:
        return call(client())
    except ClientError as error:
        raise _outcome(error) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise NotDone from error
    except (HTTPClientError, ResponseParserError) as error:
        raise Lost from error
    except BotoCoreError as error:  # no credentials, no region
        raise Unavailable from error


def _check_whole(http_response: "AWSResponse", **_: object) -> None:
    """Raise Lost for an answer that is not DynamoDB's, or was cut off: botocore takes either for `{}`."""
    body, headers = http_response.content, http_response.headers
    if not body or len(body) != int(headers.get("content-length", len(body))):
        raise Lost
    is_success = http_response.status_code < 300  # errors are known by their code
    if is_success and not headers.get("content-type", "").startswith("application/x-amz-json"):
        raise Lost


def _outcome(error: ClientError) -> Exception:
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return Refused([{"Code": REFUSED, "Item": error.response.get("Item")}])
    if code == "TransactionCanceledException":
        return _cancelled(cast("Any", error.response).get("CancellationReasons", []))
    if code in _NOT_DONE:
        return NotDone()
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return Lost()
    return Unavailable()  # no such table, no permission, credentials expired


def _cancelled(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    codes = {reason.get("Code") for reason in reasons}
    if REFUSED in codes:
        return Refused(reasons)
    return NotDone() if codes & _NOT_DONE else Unavailable()
