/** When to ask a provider again, and how long to wait before. */

import { BOUNDS } from "./errors";

const SECONDS = /^[0-9]{1,9}(\.[0-9]{1,9})?$/;
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/** The whole seconds that a Retry-After header asks for, undefined where it says nothing readable. `nowMs` is
 * in milliseconds since 1970. Fractions, which some providers send, are rounded up. */
export function retryAfterS(header: string | null, nowMs: number): number | undefined {
  const value = header?.trim() ?? "";
  if (SECONDS.test(value)) return Math.ceil(Number(value));
  const dueMs = HTTP_DATE.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(dueMs) ? undefined : Math.max(Math.ceil((dueMs - nowMs) / 1000), 0);
}

/** How many milliseconds to wait after a failed attempt (from 1); undefined: ask no more. Without a Retry-After
 * the wait doubles, and up to a half of it is left to chance (0 to 1). */
export function waitMs(attempt: number, retryAfter: number | undefined, random: number): number | undefined {
  if (attempt >= BOUNDS.provider_attempts) return undefined;
  if (retryAfter === undefined) return BOUNDS.provider_backoff_ms * 2 ** (attempt - 1) * (1 - random / 2);
  return retryAfter > BOUNDS.provider_retry_after_s ? undefined : retryAfter * 1000;
}
