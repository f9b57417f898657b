/** Redis at Upstash, over its REST: a command is a JSON array, its reply a `result` or an `error`. */

import { AppError } from "./errors";
import { textOf } from "./host";
import type { Environment } from "./host";
import type { Json } from "./values";

const ATTEMPTS = 3;
const ANSWER_MS = 2500;
const BACKOFF_MS = 100;

/** The URL and the token: as Upstash names them, and as Vercel's integration with Upstash sets them. */
const NAMES = [
  ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
  ["KV_REST_API_URL", "KV_REST_API_TOKEN"],
] as const;
const NAMED = NAMES.map((pair) => pair.join(" and ")).join(", or ");

/** With these Redis says that it did nothing, and that it soon may. */
const BUSY: ReadonlySet<string> = new Set([
  "BUSY",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "READONLY",
  "TRYAGAIN",
]);

/** Why there is no reply. The text is for the log, and quotes nothing that was sent. */
class Failure extends Error {
  constructor(
    message: string,
    readonly again: boolean,
  ) {
    super(message);
  }
}

export class UpstashRest {
  constructor(private readonly environment: Environment) {}

  /** What `read` makes of the command's reply; undefined from it is no reply that Redis could give.
   *
   * A command is repeated when its reply is late, lost or garbage, though it may have been carried out: a
   * second time must change nothing. Throws AppError store_unavailable, and logs why. */
  async ask<T>(command: readonly string[], read: (result: Json) => T | undefined, attempts = ATTEMPTS): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.attempt(command, read).catch(asFailure);
      if (!(outcome instanceof Failure)) return outcome;
      if (!outcome.again || attempt >= attempts) {
        console.error(`The store at Upstash ${outcome.message}.`);
        throw new AppError("store_unavailable", { retryAfter: 1 });
      }
      await sleep(BACKOFF_MS * 2 ** (attempt - 1) * (1 - Math.random() / 2));
    }
  }

  private async attempt<T>(command: readonly string[], read: (result: Json) => T | undefined): Promise<T> {
    const [url, token] = credentials(this.environment);
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(command),
      redirect: "manual", // the token goes nowhere else
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { status } = response;
    const text = await response.text();
    if (status === 429 || status >= 500) throw new Failure(`answered ${status}`, true);
    const reply = parse(text);
    if (reply?.error !== undefined) throw refusal(status, reply.error);
    if (status !== 200) throw new Failure(`answered ${status}`, false);
    const value = reply?.result === undefined ? undefined : read(reply.result);
    if (value === undefined) throw new Failure("answered what makes no sense", true);
    return value;
  }
}

function credentials(environment: Environment): [url: string, token: string] {
  for (const names of NAMES) {
    const [url, token] = names.map((name) => textOf(environment, name).trim()) as [string, string];
    if (url === "" || token === "") continue;
    if (!/^https?:\/\//.test(url)) throw new Failure(`is not known: ${names[0]} should begin with https://`, false);
    return [url, token];
  }
  throw new Failure(`is not known: set ${NAMED}`, false);
}

function parse(text: string): { result?: Json; error?: Json } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An error begins with its kind, in capitals; the rest may quote the command. */
function refusal(status: number, error: Json): Failure {
  const kind = /^[A-Z]+\b/.exec(String(error))?.[0] ?? "";
  return new Failure(`answered ${status} ${kind}`.trimEnd(), BUSY.has(kind));
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const late = Object(error).name === "TimeoutError"; // of AbortSignal.timeout
  return new Failure(late ? `did not answer within ${ANSWER_MS} ms` : "could not be reached", true);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
