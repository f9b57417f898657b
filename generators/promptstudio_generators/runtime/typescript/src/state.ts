/** What an endpoint keeps between requests: counts, claims and answers. Each cloud has its own adapter.
 *
 * Adapters throw AppError store_unavailable where their store does not answer. */

/** A count of runs in windows of `windowS` seconds, which begin at multiples of it since 1970. `name` has no
 * text of a caller's: whoever is counted is hashed. */
export interface Counter {
  readonly name: string;
  readonly ceiling: number;
  readonly windowS: number;
}

/** One for each counter, in their order: runs in its window, this one included if it was admitted, and the
 * whole seconds until its window ends. */
export interface Taken {
  readonly admitted: boolean;
  readonly used: readonly number[];
  readonly resetS: readonly number[];
}

/** The right to run what an Idempotency-Key names. `name` and `body` are SHA-256 in hexadecimal digits: of
 * API key, path and Idempotency-Key, and of the request's body. `run` tells one holder from another. */
export interface Claim {
  readonly name: string;
  readonly body: string;
  readonly run: string;
}

export type Claimed =
  | { readonly kind: "ours" | "running" | "mismatch" }
  | { readonly kind: "answered"; readonly answer: string };

export interface State {
  /** Count one run of a prompt, on all counters or, where one is at its ceiling, on none. */
  take(prompt: string, counters: readonly Counter[]): Promise<Taken>;

  /** Take the claim if nobody has it. It is ours for idempotency_lease_s, or until it is kept or released. */
  claim(claim: Claim): Promise<Claimed>;

  /** Store the answer of a claim that is ours, for idempotency_kept_s. Without effect where it no longer is. */
  keep(claim: Claim, answer: string): Promise<void>;

  /** Give a claim back. Without effect where it is no longer ours. */
  release(claim: Claim): Promise<void>;

  /** What was cached under a key and has not expired. */
  cached(key: string): Promise<string | undefined>;

  cache(key: string, value: string, ttlS: number): Promise<void>;
}
