/** An endpoint's state at Cloudflare: counts and claims in Durable Objects, the cache in a KV namespace. */

import { waitUntil } from "cloudflare:workers";

import { AppError } from "./errors";
import type { Environment, Host } from "./host";
import type { Claim, Claimed, Counter, State, Taken } from "./state";
import type { Claims, Counts } from "./state-durable-objects-classes";

export { Claims, Counts } from "./state-durable-objects-classes";

const ANSWER_MS = 5000;
/** The least that KV takes, in seconds: of how long an entry lives, and of how long a location remembers what
 * it read, that there is nothing included (https://developers.cloudflare.com/kv/platform/limits/). */
const KV_TTL_MIN_S = 60;
const KV_CACHE_MIN_S = 30;

/** What wrangler.jsonc binds. Without a KV namespace nothing is cached. */
export interface Bindings extends Environment {
  readonly PROMPTSTUDIO_COUNTS: DurableObjectNamespace<Counts>;
  readonly PROMPTSTUDIO_CLAIMS: DurableObjectNamespace<Claims>;
  readonly PROMPTSTUDIO_CACHE?: KVNamespace;
}

/** What the endpoint is given at Cloudflare beside its documents. */
export const durable: Pick<Host<Bindings>, "state" | "waitUntil" | "pipe"> = {
  state: (bindings) => new DurableState(bindings),
  waitUntil,
  pipe,
};

/** Through one of Cloudflare's own streams. A response whose client goes away before it is read, or while its
 * stream has nothing to tell, just drops the stream; this one fails what is written to it. */
function pipe(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  waitUntil(stream.pipeTo(writable).catch(() => {})); // the stream itself was told
  return readable;
}

/** Beside an entry: until when it holds, in milliseconds since 1970. It may be less than KV's least. */
interface EntryMetadata {
  readonly until: number;
}

class DurableState implements State {
  constructor(private readonly bindings: Bindings) {}

  /** One object counts for a prompt. */
  take(prompt: string, counters: readonly Counter[]): Promise<Taken> {
    return answered(() => this.bindings.PROMPTSTUDIO_COUNTS.getByName(prompt).take(counters));
  }

  claim(claim: Claim): Promise<Claimed> {
    return answered<Claimed>(async () => this.shard(claim).claim(claim));
  }

  keep(claim: Claim, answer: string): Promise<void> {
    return answered(() => this.shard(claim).keep(claim, answer));
  }

  release(claim: Claim): Promise<void> {
    return answered(() => this.shard(claim).release(claim));
  }

  async cached(key: string): Promise<string | undefined> {
    const namespace = this.bindings.PROMPTSTUDIO_CACHE;
    if (namespace === undefined) return undefined;
    const options = { type: "text", cacheTtl: KV_CACHE_MIN_S } as const;
    const { value, metadata } = await answered(() => namespace.getWithMetadata<EntryMetadata>(key, options));
    return value !== null && metadata !== null && Date.now() < metadata.until ? value : undefined;
  }

  async cache(key: string, value: string, ttlS: number): Promise<void> {
    const metadata: EntryMetadata = { until: Date.now() + ttlS * 1000 };
    const options = { expirationTtl: Math.max(ttlS, KV_TTL_MIN_S), metadata };
    await answered(async () => this.bindings.PROMPTSTUDIO_CACHE?.put(key, value, options));
  }

  /** One of sixteen objects, by the claim's first digit: none of them is hot, and none is made for one claim. */
  private shard({ name }: Claim) {
    return this.bindings.PROMPTSTUDIO_CLAIMS.getByName(name.slice(0, 1));
  }
}

/** What the store answers; AppError store_unavailable where it fails or says nothing. The runtime itself repeats
 * calls that did not reach an object. What it says of a failure quotes nothing of a request. */
async function answered<T>(ask: () => PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  try {
    return await Promise.race([ask(), silence]);
  } catch (error) {
    console.error(`The store at Cloudflare does not answer: ${error instanceof Error ? error.message : "?"}`);
    throw new AppError("store_unavailable", { retryAfter: 1 });
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
