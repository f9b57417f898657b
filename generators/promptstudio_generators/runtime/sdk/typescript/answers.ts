/** Answers as they come: what is read of them, and what it means where it is not what was asked for. */

import { APIConnectionError, UnexpectedResponseError } from "./errors.js";
import type { APIError, ErrorDetails } from "./errors.js";
import { asObject, problemError } from "./problems.js";
import { askedWaitMs } from "./retry.js";
import type { Answer } from "./types.js";
import type { Watch } from "./watch.js";

/** The whole body as text. Rejects as `guard` does, and with UnexpectedResponseError beyond `limitBytes`. */
export async function readText(response: Response, watch: Watch, limitBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  const utf8 = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const chunk = (await watch.guard(async () => reader?.read()))?.value;
    if (chunk === undefined) return text + utf8.decode();
    size += chunk.length;
    if (size > limitBytes) throw new UnexpectedResponseError(`The answer is larger than ${limitBytes} bytes`);
    text += utf8.decode(chunk, { stream: true });
  }
}

/** The answer of a run; undefined where the text is none. What the output holds is the endpoint's to check. */
export function answerIn<Output>(text: string): Answer<Output> | undefined {
  const value = valueOf(text);
  return asObject(asObject(value)["output"])["type"] === undefined ? undefined : (value as Answer<Output>);
}

/** JSON if it is that, else the text. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a response that is not 2xx means. Rejects with the caller's reason alone. */
export async function failureOf(
  response: Response,
  watch: Watch,
  limitBytes: number,
  attempts: number,
): Promise<APIError> {
  if (response.status < 400) {
    return unexpected("redirects are not followed: look at baseUrl", response, watch, limitBytes, attempts);
  }
  return problemError(await wholeOf(response, watch, limitBytes, attempts));
}

/** The error for an answer that is none of an endpoint's. Rejects with the caller's reason alone. */
export async function unexpected(
  why: string,
  response: Response,
  watch: Watch,
  limitBytes: number,
  attempts: number,
): Promise<APIError> {
  const type = mediaTypeOf(response) || "without a content type";
  const text = `The server answered ${response.status} ${type}, and ${why}`;
  return new UnexpectedResponseError(text, await wholeOf(response, watch, limitBytes, attempts));
}

/** What an answer says of a failure. Where its body cannot be read, that is the cause and not the failure. */
async function wholeOf(
  response: Response,
  watch: Watch,
  limitBytes: number,
  attempts: number,
): Promise<ErrorDetails> {
  const details = detailsOf(response, attempts);
  try {
    return { ...details, body: valueOf(await readText(response, watch, limitBytes)) };
  } catch (cause) {
    const isBroken = cause instanceof APIConnectionError || cause instanceof UnexpectedResponseError;
    if (isBroken) return { ...details, cause };
    throw cause;
  }
}

/** What an answer's head says of a failure. */
export function detailsOf(response: Response, attempts: number): ErrorDetails {
  const { status, headers } = response;
  const askedMs = askedWaitMs(headers, Date.now());
  const retryAfter = askedMs === undefined ? undefined : askedMs / 1000;
  return { statusCode: status, requestId: requestIdOf(response), headers, retryAfter, attempts };
}

export function requestIdOf(response: Response): string | undefined {
  return response.headers.get("x-request-id") ?? undefined;
}

/** Without its parameters, in lower case; "" where there is none. */
export function mediaTypeOf(response: Response): string {
  return (response.headers.get("content-type") ?? "").split(";", 1).join("").trim().toLowerCase();
}
