/** What a run costs. Prices are integer picodollars a token; a run is rounded up once, to a nanodollar. */

import type { Usage } from "./providers/base";

/** Picodollars a token: fresh input, output, input read from a cache, input written to one. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrite: number;
}

const PICO_PER_NANO = 1000n;
const NANO_DIGITS = 9;

/** The cost in US dollars as a plain decimal ("0.000123"), null where price or usage is unknown. */
export function costUsd(usage: Usage | undefined, price: Price | undefined): string | null {
  if (usage === undefined || price === undefined) return null;
  const fresh = Math.max(usage.input - usage.cached - usage.cacheWrite, 0);
  const picodollars =
    product(fresh, price.input) +
    product(usage.cached, price.cached) +
    product(usage.cacheWrite, price.cacheWrite) +
    product(usage.output, price.output);
  const nanodollars = (picodollars + PICO_PER_NANO - 1n) / PICO_PER_NANO;
  const digits = nanodollars.toString().padStart(NANO_DIGITS + 1, "0");
  return `${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`.replace(/\.?0+$/, "");
}

/** Exact: a double would round what a provider may claim to have counted. */
function product(tokens: number, price: number): bigint {
  return BigInt(tokens) * BigInt(price);
}
