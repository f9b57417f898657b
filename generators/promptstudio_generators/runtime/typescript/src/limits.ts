/** Limits: how many runs of a prompt are let through in a window of time. */

import { AppError } from "./errors";
import type { HeaderFields } from "./exchange";
import protocol from "./protocol.json";
import type { Counter, Taken } from "./state";

const { windows_s: WINDOWS_S, subjects: SUBJECTS } = protocol.limits;

/** So many runs, in each window of this length, of whom `by` names. */
export interface Limit {
  readonly requests: number;
  readonly per: keyof typeof WINDOWS_S;
  readonly by: keyof typeof SUBJECTS;
}

/** Who a run is counted for, hashed: "" is everybody. */
export type Subjects = Readonly<Record<Limit["by"], string>>;

export function countersOf(limits: readonly Limit[], subjects: Subjects): Counter[] {
  return limits.map((limit) => ({
    name: `${nameOf(limit)}:${subjects[limit.by]}`,
    ceiling: limit.requests,
    windowS: WINDOWS_S[limit.per],
  }));
}

function nameOf({ by, per }: Limit): string {
  return `${by}-${per}`;
}

/** What answers tell of the limits (draft-ietf-httpapi-ratelimit-headers-10). */
export function limitHeaders(limits: readonly Limit[], taken: Taken): HeaderFields {
  const policies = limits.map((limit) => `"${nameOf(limit)}";q=${limit.requests};w=${WINDOWS_S[limit.per]}`);
  const left = standings(limits, taken).map(
    ({ limit, remaining, resetS }) => `"${nameOf(limit)}";r=${remaining};t=${resetS}`,
  );
  return { "RateLimit-Policy": policies.join(", "), RateLimit: left.join(", ") };
}

/** The refusal of a run that was not admitted: it names the limit that is reached for longest. */
export function limitReached(limits: readonly Limit[], taken: Taken): AppError {
  const reached = standings(limits, taken).filter(({ remaining }) => remaining === 0);
  const { limit, resetS } = reached.reduce((longest, next) => (next.resetS > longest.resetS ? next : longest));
  const { requests, per, by } = limit;
  const parameters = { requests, per, whose: SUBJECTS[by], seconds: resetS, retryAfter: resetS };
  return new AppError("limit_reached", parameters);
}

interface Standing {
  readonly limit: Limit;
  readonly remaining: number;
  readonly resetS: number;
}

function standings(limits: readonly Limit[], { used, resetS }: Taken): Standing[] {
  return limits.map((limit, index) => ({
    limit,
    remaining: Math.max(limit.requests - (used[index] ?? 0), 0),
    resetS: resetS[index] ?? 1,
  }));
}
