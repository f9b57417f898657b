/** The protocol's problems (RFC 9457) as errors: one class for each code. */

import { APIError } from "./errors.js";
import type { ErrorDetails, FieldError } from "./errors.js";

/** 400: the request is not as it should be; `errors` tells where. */
export class InvalidRequestError extends APIError {
  override readonly name = "InvalidRequestError";
}

/** 401: no API key, or one that is not known. */
export class UnauthorizedError extends APIError {
  override readonly name = "UnauthorizedError";
}

/** 403: the key may not do this. */
export class ForbiddenError extends APIError {
  override readonly name = "ForbiddenError";
}

/** 404: the endpoint has no such prompt, version or label. */
export class NotFoundError extends APIError {
  override readonly name = "NotFoundError";
}

/** 405: the address answers other methods. */
export class MethodNotAllowedError extends APIError {
  override readonly name = "MethodNotAllowedError";
}

/** 409: a request with this idempotency key is still running. */
export class ConflictError extends APIError {
  override readonly name = "ConflictError";
}

/** 409: the idempotency key came with another request before. */
export class IdempotencyMismatchError extends APIError {
  override readonly name = "IdempotencyMismatchError";
}

/** 412: what was to be changed has changed meanwhile. */
export class PreconditionFailedError extends APIError {
  override readonly name = "PreconditionFailedError";
}

/** 413: the request is larger than the endpoint takes. */
export class PayloadTooLargeError extends APIError {
  override readonly name = "PayloadTooLargeError";
}

/** 415: the request is not JSON. */
export class UnsupportedMediaTypeError extends APIError {
  override readonly name = "UnsupportedMediaTypeError";
}

/** 422: the variables do not fit the prompt; `errors` tells which. */
export class InvalidVariablesError extends APIError {
  override readonly name = "InvalidVariablesError";
}

/** 429: more requests than are let through; `retryAfter` tells how long to wait. */
export class RateLimitError extends APIError {
  override readonly name = "RateLimitError";
}

/** 429: the budget is spent. */
export class BudgetExceededError extends APIError {
  override readonly name = "BudgetExceededError";
}

/** 500: the endpoint's own fault; `requestId` names it in the logs there. */
export class InternalError extends APIError {
  override readonly name = "InternalError";
}

/** 501: the provider does not take media of this type. */
export class UnsupportedError extends APIError {
  override readonly name = "UnsupportedError";
}

/** 502: the provider refused, broke off, or answered what cannot be read. */
export class ProviderError extends APIError {
  override readonly name = "ProviderError";
}

/** 502: the model's answer is not the JSON that the prompt promises. */
export class InvalidOutputError extends APIError {
  override readonly name = "InvalidOutputError";
}

/** 503: the provider is overloaded or cannot be reached. */
export class ProviderUnavailableError extends APIError {
  override readonly name = "ProviderUnavailableError";
}

/** 503: the endpoint's own store does not answer. */
export class UnavailableError extends APIError {
  override readonly name = "UnavailableError";
}

/** 504: the provider took too long. */
export class ProviderTimeoutError extends APIError {
  override readonly name = "ProviderTimeoutError";
}

type ProblemError = new (message: string, details: ErrorDetails) => APIError;

const BY_CODE: ReadonlyMap<string, ProblemError> = new Map<string, ProblemError>([
  ["invalid_request", InvalidRequestError],
  ["unauthorized", UnauthorizedError],
  ["forbidden", ForbiddenError],
  ["not_found", NotFoundError],
  ["method_not_allowed", MethodNotAllowedError],
  ["conflict", ConflictError],
  ["idempotency_mismatch", IdempotencyMismatchError],
  ["precondition_failed", PreconditionFailedError],
  ["payload_too_large", PayloadTooLargeError],
  ["unsupported_media_type", UnsupportedMediaTypeError],
  ["invalid_variables", InvalidVariablesError],
  ["rate_limited", RateLimitError],
  ["budget_exceeded", BudgetExceededError],
  ["internal", InternalError],
  ["unsupported", UnsupportedError],
  ["provider_error", ProviderError],
  ["invalid_output", InvalidOutputError],
  ["provider_unavailable", ProviderUnavailableError],
  ["unavailable", UnavailableError],
  ["provider_timeout", ProviderTimeoutError],
]);

/** What a proxy means that answers without a problem: statuses that leave no doubt. */
const BY_STATUS: ReadonlyMap<number, ProblemError> = new Map<number, ProblemError>([
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [413, PayloadTooLargeError],
  [429, RateLimitError],
]);

/** The error that a problem, or what stands in its place, means. `details.body` is what the server sent. */
export function problemError(details: ErrorDetails): APIError {
  const problem = asObject(details.body);
  const code = textOf(problem, "code");
  const known = code === undefined ? BY_STATUS.get(details.statusCode ?? 0) : BY_CODE.get(code);
  const status = problem["status"];
  const whole: ErrorDetails = {
    ...details,
    statusCode: details.statusCode ?? (typeof status === "number" ? status : undefined),
    requestId: details.requestId ?? textOf(problem, "request_id"),
    code,
    type: textOf(problem, "type"),
    errors: Array.isArray(problem["errors"]) ? problem["errors"].filter(isFieldError) : [],
  };
  return new (known ?? APIError)(messageOf(problem, whole), whole);
}

function messageOf(problem: Readonly<Record<string, unknown>>, details: ErrorDetails): string {
  const text = textOf(problem, "detail") ?? textOf(problem, "title") ?? "The server answered with an error.";
  const named = [details.statusCode, details.code, details.requestId].filter((part) => part !== undefined);
  return `${text} (${named.join(" ")})`;
}

function isFieldError(value: unknown): value is FieldError {
  const { pointer, message } = asObject(value);
  return typeof pointer === "string" && typeof message === "string";
}

function textOf(object: Readonly<Record<string, unknown>>, member: string): string | undefined {
  const value = object[member];
  return typeof value === "string" ? value : undefined;
}

/** An object as it is; anything else as one without members. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
