"""The prompts of an endpoint as typed calls, made by PromptStudio.

Example:
    from acme_prompts import AcmePrompts

    with AcmePrompts() as client:
        answer = client.greet(name="echo")
"""

from ._clients import AcmePrompts, AsyncAcmePrompts
from ._events import DeltaEvent, DoneEvent, Event, StartEvent, UnknownEvent
from ._package import VERSION as __version__
from ._package import AcmePromptsError
from .errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    BudgetExceededError,
    ConfigurationError,
    ConflictError,
    EventTooLargeError,
    ForbiddenError,
    IdempotencyMismatchError,
    InternalServerError,
    InvalidOutputError,
    InvalidRequestError,
    InvalidVariablesError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    PreconditionFailedError,
    ProviderError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    RateLimitError,
    StreamTruncatedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
    UnsupportedError,
    UnsupportedMediaTypeError,
    WebhookVerificationError,
)
from .raw import RawResponse
from .types import NOT_GIVEN, NotGiven, RequestOptions

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AcmePrompts",
    "AcmePromptsError",
    "AsyncAcmePrompts",
    "BudgetExceededError",
    "ConfigurationError",
    "ConflictError",
    "DeltaEvent",
    "DoneEvent",
    "Event",
    "EventTooLargeError",
    "ForbiddenError",
    "IdempotencyMismatchError",
    "InternalServerError",
    "InvalidOutputError",
    "InvalidRequestError",
    "InvalidVariablesError",
    "MethodNotAllowedError",
    "NOT_GIVEN",
    "NotFoundError",
    "NotGiven",
    "PayloadTooLargeError",
    "PreconditionFailedError",
    "ProviderError",
    "ProviderTimeoutError",
    "ProviderUnavailableError",
    "RateLimitError",
    "RawResponse",
    "RequestOptions",
    "StartEvent",
    "StreamTruncatedError",
    "UnauthorizedError",
    "UnavailableError",
    "UnexpectedResponseError",
    "UnknownEvent",
    "UnsupportedError",
    "UnsupportedMediaTypeError",
    "WebhookVerificationError",
    "__version__",
]
