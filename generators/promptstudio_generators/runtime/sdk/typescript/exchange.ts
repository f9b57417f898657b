/** One call over the wire: as many attempts as it takes, until an answer has begun. */

import { failureOf, mediaTypeOf, requestIdOf, unexpected } from "./answers.js";
import { APIConnectionError } from "./errors.js";
import { headersOf, shown } from "./headers.js";
import { LONGEST_WAIT_MS, askedWaitMs, backoffMs, isRetried } from "./retry.js";
import type { Limits, Settings } from "./settings.js";
import type { RequestOptions } from "./types.js";
import type { Watch } from "./watch.js";

export interface Call {
  readonly path: string;
  readonly body: string;
  /** The media type that is asked for; any other answer is an error. */
  readonly accept: string;
  readonly options: RequestOptions;
  readonly limits: Limits;
}

/** A 2xx answer of the right media type, its body unread, and how many attempts it took. */
export interface Exchange {
  readonly response: Response;
  readonly attempts: number;
}

/** Sends a call. The limit of the last attempt stays in force, for the body's sake.
 *
 * Rejects with the caller's reason, APIConnectionError, APITimeoutError, or an APIError. */
export async function open(settings: Settings, call: Call, watch: Watch): Promise<Exchange> {
  const headers = headersOf(settings, call);
  for (let attempts = 1; ; attempts += 1) {
    const outcome = await attempt(settings, call, headers, watch, attempts);
    if (!isFailure(outcome) && outcome.ok) {
      if (mediaTypeOf(outcome) === call.accept) return { response: outcome, attempts };
      throw await unexpected(`${call.accept} was asked for`, outcome, watch, attempts);
    }
    const waitMs = waitAfter(outcome, attempts, call.limits.maxRetries);
    if (waitMs === undefined || !watch.leaves(waitMs)) {
      if (isFailure(outcome)) throw Object.assign(outcome, { attempts });
      throw await failureOf(outcome, watch, attempts);
    }
    settings.logger?.warn("retry", { attempts, waitMs });
    if (!isFailure(outcome)) outcome.body?.cancel().catch(ignore);
    watch.renew();
    await watch.sleep(waitMs);
  }
}

/** An answer, or a failure after which another attempt may make sense. */
async function attempt(
  settings: Settings,
  call: Call,
  headers: Headers,
  watch: Watch,
  attempts: number,
): Promise<Response | APIConnectionError> {
  const { logger } = settings;
  const url = settings.baseUrl + call.path;
  const init = { method: "POST", headers, body: call.body, redirect: "manual" } as const;
  const startedAt = Date.now();
  logger?.debug("request", { method: "POST", url, attempts, headers: shown(headers) });
  watch.limit(call.limits.timeoutMs, "The attempt");
  try {
    const response = await watch.guard((signal) => settings.fetch(url, { ...init, signal }));
    const { status } = response;
    const requestId = requestIdOf(response);
    logger?.debug("response", { attempts, status, requestId, afterMs: Date.now() - startedAt });
    return response;
  } catch (error) {
    if (!isFailure(error)) throw error;
    logger?.debug("no response", { attempts, error: error.name, afterMs: Date.now() - startedAt });
    return error;
  }
}

/** How long to wait before the next attempt; undefined: there is none. */
function waitAfter(
  outcome: Response | APIConnectionError,
  attempts: number,
  maxRetries: number,
): number | undefined {
  if (attempts > maxRetries) return undefined;
  const ownMs = backoffMs(attempts - 1, Math.random());
  if (isFailure(outcome)) return ownMs;
  if (!isRetried(outcome.status, outcome.headers)) return undefined;
  const waitMs = askedWaitMs(outcome.headers, Date.now()) ?? ownMs;
  return waitMs > LONGEST_WAIT_MS ? undefined : waitMs;
}

/** Whether there is no answer. A fetch that somebody handed in may have a class of its own for those. */
function isFailure(outcome: unknown): outcome is APIConnectionError {
  return outcome instanceof APIConnectionError;
}

function ignore(): void {
  /* The answer has failed already. */
}
