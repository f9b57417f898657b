/** Answers as they come: what is read of them, and what it means where it is not what was asked for. */

import { APIConnectionError, PromptsError, UnexpectedResponseError } from "./errors.js";
import type { ErrorDetails } from "./errors.js";
import { asObject, problemError } from "./problem.js";
import { askedWaitMs } from "./retry.js";
import type { Answer } from "./types.js";
import type { Watch } from "./watch.js";

/** Longer answers are refused: an endpoint's own bound is half of it. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_PROBLEM_BYTES = 1024 * 1024;

/** The whole body as text. Rejects as `guard` does, and with UnexpectedResponseError beyond `limitBytes`. */
async function readText(response: Response, watch: Watch, limitBytes: number): Promise<string> {
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

/** The answer of a run. Rejects as `readText` does. */
export async function answerOf<Output>(response: Response, watch: Watch): Promise<Answer<Output>> {
  const body = await readText(response, watch, MAX_ANSWER_BYTES);
  const answer = answerIn<Output>(body);
  if (answer === undefined) throw new UnexpectedResponseError("The server's answer cannot be read", { body });
  return answer;
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
export async function failureOf(response: Response, watch: Watch, attempts: number): Promise<PromptsError> {
  if (response.status < 400) {
    return unexpected("redirects are not followed: look at baseUrl", response, watch, attempts);
  }
  return problemError(await wholeOf(response, watch, attempts));
}

/** The error for an answer that is none of an endpoint's. Rejects with the caller's reason alone. */
export async function unexpected(
  why: string,
  response: Response,
  watch: Watch,
  attempts: number,
): Promise<PromptsError> {
  const type = mediaTypeOf(response) || "without a content type";
  const text = `The server answered ${response.status} ${type}, and ${why}`;
  return new UnexpectedResponseError(text, await wholeOf(response, watch, attempts));
}

/** What an answer says of a failure. Where its body cannot be read, that is the cause and not the failure. */
async function wholeOf(response: Response, watch: Watch, attempts: number): Promise<ErrorDetails> {
  const details = detailsOf(response, attempts);
  try {
    return { ...details, body: valueOf(await readText(response, watch, MAX_PROBLEM_BYTES)) };
  } catch (cause) {
    const isBroken = cause instanceof APIConnectionError || cause instanceof UnexpectedResponseError;
    if (isBroken) return { ...details, cause };
    throw cause;
  }
}

/** An error, told where it happened; anything else as it is. */
export function located(error: unknown, response: Response, attempts: number): unknown {
  return error instanceof PromptsError ? Object.assign(error, detailsOf(response, attempts)) : error;
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
