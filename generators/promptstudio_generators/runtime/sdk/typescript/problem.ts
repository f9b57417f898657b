/** What a problem (RFC 9457), or what stands in its place, means. */

import { APIError } from "./errors.js";
import type { ErrorDetails, FieldError } from "./errors.js";
import * as problems from "./problems.js";

type ProblemError = new (message: string, details: ErrorDetails) => APIError;

const BY_CODE: ReadonlyMap<string, ProblemError> = new Map<string, ProblemError>([
  ["invalid_request", problems.InvalidRequestError],
  ["unauthorized", problems.UnauthorizedError],
  ["forbidden", problems.ForbiddenError],
  ["not_found", problems.NotFoundError],
  ["method_not_allowed", problems.MethodNotAllowedError],
  ["conflict", problems.ConflictError],
  ["idempotency_mismatch", problems.IdempotencyMismatchError],
  ["precondition_failed", problems.PreconditionFailedError],
  ["payload_too_large", problems.PayloadTooLargeError],
  ["unsupported_media_type", problems.UnsupportedMediaTypeError],
  ["invalid_variables", problems.InvalidVariablesError],
  ["rate_limited", problems.RateLimitError],
  ["budget_exceeded", problems.BudgetExceededError],
  ["internal", problems.InternalServerError],
  ["unsupported", problems.UnsupportedError],
  ["provider_error", problems.ProviderError],
  ["invalid_output", problems.InvalidOutputError],
  ["unavailable", problems.UnavailableError],
  ["provider_unavailable", problems.ProviderUnavailableError],
  ["provider_timeout", problems.ProviderTimeoutError],
]);

/** For answers without a code of ours: a proxy's, or another server's. */
const BY_STATUS: ReadonlyMap<number, ProblemError> = new Map<number, ProblemError>([
  [400, problems.InvalidRequestError],
  [401, problems.UnauthorizedError],
  [403, problems.ForbiddenError],
  [404, problems.NotFoundError],
  [405, problems.MethodNotAllowedError],
  [409, problems.ConflictError],
  [412, problems.PreconditionFailedError],
  [413, problems.PayloadTooLargeError],
  [415, problems.UnsupportedMediaTypeError],
  [422, problems.InvalidVariablesError],
  [429, problems.RateLimitError],
  [503, problems.UnavailableError],
]);

/** The error that a problem, or what stands in its place, means. `details.body` is what the server sent. */
export function problemError(details: ErrorDetails): APIError {
  const problem = asObject(details.body);
  const code = textOf(problem, "code");
  const status = details.statusCode ?? (typeof problem["status"] === "number" ? problem["status"] : 0);
  const whole: ErrorDetails = {
    ...details,
    statusCode: status,
    requestId: details.requestId ?? textOf(problem, "request_id"),
    code,
    type: textOf(problem, "type"),
    errors: Array.isArray(problem["errors"]) ? problem["errors"].filter(isFieldError) : [],
  };
  return new (classOf(code, status))(messageOf(problem, whole), whole);
}

function classOf(code: string | undefined, status: number): ProblemError {
  const other = status >= 500 ? problems.InternalServerError : APIError;
  return BY_CODE.get(code ?? "") ?? BY_STATUS.get(status) ?? other;
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
