/** Refusals as RFC 9457 problem documents. */

import { AppError } from "./errors";

export const PROBLEM_TYPE = "application/problem+json";

/** The problem document of an error, as JSON. */
export function problemBody(error: AppError, requestId: string): string {
  return JSON.stringify({
    type: `urn:promptstudio:error:${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.detail,
    code: error.code,
    request_id: requestId,
    errors: error.errors.length > 0 ? error.errors : undefined,
  });
}

/** The headers that an error asks for, beside the content type. */
export function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (error.retryAfter !== undefined) headers["Retry-After"] = String(error.retryAfter);
  return headers;
}

/** What the caller may know of a failure that is ours; the log gets the rest. */
export function asAppError(error: unknown, requestId: string): AppError {
  if (error instanceof AppError) return error;
  console.error(requestId, error);
  return new AppError("internal");
}
