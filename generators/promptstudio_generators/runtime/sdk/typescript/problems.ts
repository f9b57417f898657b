/** The protocol's problems (RFC 9457) as errors: one class for each code. */

import { APIError } from "./errors.js";

/** 400: the request is not as it should be; `errors` tells where. */
export class InvalidRequestError extends APIError {
  override readonly name = "InvalidRequestError";
}

/** 401: no API key, or one that is not known. */
export class UnauthorizedError extends APIError {
  override readonly name = "UnauthorizedError";
}

/** 403: this key or host may not. */
export class ForbiddenError extends APIError {
  override readonly name = "ForbiddenError";
}

/** 404: no such prompt, version, label or path. */
export class NotFoundError extends APIError {
  override readonly name = "NotFoundError";
}

/** 405: what answers at this address is another kind of server. */
export class MethodNotAllowedError extends APIError {
  override readonly name = "MethodNotAllowedError";
}

/** 409: a request with the same idempotency key is still running. */
export class ConflictError extends APIError {
  override readonly name: string = "ConflictError";
}

/** 409: the idempotency key came with another request before. */
export class IdempotencyMismatchError extends ConflictError {
  override readonly name = "IdempotencyMismatchError";
}

/** 412: something has changed meanwhile. */
export class PreconditionFailedError extends APIError {
  override readonly name = "PreconditionFailedError";
}

/** 413: the request is larger than the endpoint takes. */
export class PayloadTooLargeError extends APIError {
  override readonly name = "PayloadTooLargeError";
}

/** 415: the endpoint did not take the request for JSON. */
export class UnsupportedMediaTypeError extends APIError {
  override readonly name = "UnsupportedMediaTypeError";
}

/** 422: the variables do not fit the prompt; `errors` tells which. */
export class InvalidVariablesError extends APIError {
  override readonly name = "InvalidVariablesError";
}

/** 429: too many runs; `retryAfter` tells when there is room again. */
export class RateLimitError extends APIError {
  override readonly name: string = "RateLimitError";
}

/** 429: the budget is spent. */
export class BudgetExceededError extends RateLimitError {
  override readonly name = "BudgetExceededError";
}

/** 5xx: a fault of the endpoint's own; `requestId` names it in the logs there. */
export class InternalServerError extends APIError {
  override readonly name: string = "InternalServerError";
}

/** 501: the model's provider does not take this. */
export class UnsupportedError extends InternalServerError {
  override readonly name = "UnsupportedError";
}

/** 502: the model's provider refused, broke off, or answered what cannot be read. */
export class ProviderError extends InternalServerError {
  override readonly name = "ProviderError";
}

/** 502: the model's answer is not the JSON that the prompt promises. */
export class InvalidOutputError extends InternalServerError {
  override readonly name = "InvalidOutputError";
}

/** 503: the endpoint's store does not answer. */
export class UnavailableError extends InternalServerError {
  override readonly name: string = "UnavailableError";
}

/** 503: the model's provider is busy or cannot be reached. */
export class ProviderUnavailableError extends UnavailableError {
  override readonly name = "ProviderUnavailableError";
}

/** 504: the model's provider did not answer in time. */
export class ProviderTimeoutError extends InternalServerError {
  override readonly name = "ProviderTimeoutError";
}
