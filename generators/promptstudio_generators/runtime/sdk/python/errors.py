"""The errors that calls raise: one tree, and what the endpoint said in attributes of theirs.

All can be pickled and copied. A problem's `code` decides its class; without one, the status does.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from ._package import BaseError


class FieldProblem(TypedDict):
    """What is wrong with one value. `pointer` is a JSON pointer (RFC 6901) into the request's body."""

    pointer: str
    message: str


class ConfigurationError(BaseError):
    """The client cannot be made, or a call cannot be sent, with what it was given."""


class APIConnectionError(BaseError):
    """The endpoint could not be reached, or the connection broke before the answer was whole.

    `attempts` counts the requests that were sent.
    """

    def __init__(self, message: str, *, attempts: int = 1) -> None:
        super().__init__(message)
        self.attempts = attempts


class APITimeoutError(APIConnectionError):
    """A time limit passed: to connect, of one attempt, between two pieces of a stream, or of the whole call.

    `partial` is the text that a stream had brought until then.
    """

    def __init__(self, message: str, *, attempts: int = 1, partial: str = "") -> None:
        super().__init__(message, attempts=attempts)
        self.partial = partial


class StreamTruncatedError(APIConnectionError):
    """A stream ended without its last event. `partial` is the text that had come until then."""

    def __init__(self, message: str, *, attempts: int = 1, partial: str = "") -> None:
        super().__init__(message, attempts=attempts)
        self.partial = partial


class EventTooLargeError(BaseError):
    """An event of a stream is larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An event of the stream is larger than {limit} bytes.")
        self.limit = limit


class UnexpectedResponseError(BaseError):
    """What answered is no prompt endpoint, or not all of one: a proxy's page with status 200, say.

    `status_code`, `headers` (names in lower case) and `body` (text, as far as it was read) are what came.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        headers: Mapping[str, str],
        body: str = "",
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers = dict(headers)
        self.body = body
        self.attempts = attempts

    @property
    def request_id(self) -> str | None:
        """What the endpoint's logs know the request by."""
        return self.headers.get("x-request-id")


class WebhookVerificationError(BaseError):
    """A webhook was not signed with this secret, or its time is too far from now."""


class APIError(BaseError):
    """The endpoint answered with a problem (RFC 9457).

    `status_code`: the HTTP status; the problem's own where it came in a stream.
    `code`, `type`: the problem's code, such as "rate_limited", and its URN; None where there is none.
    `detail`: what the problem says. `errors`: what is wrong with single values.
    `request_id`: what the endpoint's logs know the request by.
    `retry_after`: seconds to wait before another try, where the endpoint says so.
    `attempts`: how many requests were sent. `headers`: names in lower case.
    `body`: the answer: JSON as Python has it, or else text.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        headers: Mapping[str, str],
        body: object = None,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the member's name in RFC 9457
        detail: str | None = None,
        errors: Sequence[FieldProblem] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers = dict(headers)
        self.body = body
        self.code = code
        self.type = type
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after = retry_after
        self.attempts = attempts


class InvalidRequestError(APIError):
    """400: the body is not as it should be."""


class UnauthorizedError(APIError):
    """401: no API key, or one that is not known."""


class ForbiddenError(APIError):
    """403: this key or host may not."""


class NotFoundError(APIError):
    """404: no such prompt, version, label or path."""


class MethodNotAllowedError(APIError):
    """405: what answers at this URL is another kind of server."""


class ConflictError(APIError):
    """409: a request with the same Idempotency-Key is still running."""


class IdempotencyMismatchError(ConflictError):
    """409: the Idempotency-Key came with another body before."""


class PreconditionFailedError(APIError):
    """412: something has changed meanwhile."""


class PayloadTooLargeError(APIError):
    """413: the body is larger than the endpoint takes."""


class UnsupportedMediaTypeError(APIError):
    """415: the endpoint did not take the body for JSON."""


class InvalidVariablesError(APIError):
    """422: the variables do not fit the prompt. `errors` tells which and why."""


class RateLimitError(APIError):
    """429: too many runs. `retry_after` tells when there is room again."""


class BudgetExceededError(RateLimitError):
    """429: the budget is spent."""


class InternalServerError(APIError):
    """5xx: a fault of the endpoint's own. `request_id` names it in its logs."""


class UnsupportedError(InternalServerError):
    """501: the model's provider does not take this."""


class ProviderError(InternalServerError):
    """502: the model's provider refused, broke off, or answered what cannot be read."""


class InvalidOutputError(InternalServerError):
    """502: the model's answer is not the JSON that the prompt promises."""


class UnavailableError(InternalServerError):
    """503: the endpoint's store does not answer."""


class ProviderUnavailableError(UnavailableError):
    """503: the model's provider is busy or cannot be reached."""


class ProviderTimeoutError(InternalServerError):
    """504: the model's provider did not answer in time."""


BY_CODE: Final[Mapping[str, type[APIError]]] = {
    "invalid_request": InvalidRequestError,
    "unauthorized": UnauthorizedError,
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "method_not_allowed": MethodNotAllowedError,
    "conflict": ConflictError,
    "idempotency_mismatch": IdempotencyMismatchError,
    "precondition_failed": PreconditionFailedError,
    "payload_too_large": PayloadTooLargeError,
    "unsupported_media_type": UnsupportedMediaTypeError,
    "invalid_variables": InvalidVariablesError,
    "rate_limited": RateLimitError,
    "budget_exceeded": BudgetExceededError,
    "internal": InternalServerError,
    "unsupported": UnsupportedError,
    "provider_error": ProviderError,
    "invalid_output": InvalidOutputError,
    "unavailable": UnavailableError,
    "provider_unavailable": ProviderUnavailableError,
    "provider_timeout": ProviderTimeoutError,
}

BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: PayloadTooLargeError,
    415: UnsupportedMediaTypeError,
    422: InvalidVariablesError,
    429: RateLimitError,
    503: UnavailableError,
}
"""For answers without a code of ours: those of a proxy, say, which has no word on a model's provider."""
