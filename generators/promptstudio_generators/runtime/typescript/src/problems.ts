/** Refusals as RFC 9457 problem documents. */

import { AppError } from "./errors";

export const PROBLEM_TYPE = "application/problem+json";

/** A setting that cannot be used. The text names it, and quotes nothing of it. */
export class SettingsError extends Error {}

/** What the client may know of an error; what nobody expected is logged.
 *
 * The log has such an error's name and where it arose. Its message stays out: it may quote what was sent. */
export function asAppError(error: unknown, requestId: string): AppError {
  if (error instanceof AppError) return error;
  console.error(`${requestId} failed: ${traceOf(error)}`);
  return new AppError("internal");
}

/** Logs what a request could not do beside answering. */
export function logBeside(requestId: string, what: string, error: unknown): void {
  console.error(`${requestId} could not ${what}: ${traceOf(error)}`);
}

function traceOf(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  if (error instanceof AppError) return error.problem;
  if (!(error instanceof Error)) return typeof error;
  const frames = error.stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
  return [`${error.name} at`, ...frames].join("\n");
}

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
