/** The exact-match cache: an answer again, where a provider would be sent the same to the byte. */

import { byteLength, sha256 } from "./bytes";
import { BOUNDS } from "./errors";
import { logBeside } from "./problems";
import { adapters } from "./providers/index";
import type { Usage } from "./providers/index";
import { conclude } from "./run";
import type { Outcome, Run } from "./run";
import type { State } from "./state";
import { compileSchema } from "./validate";
import { parse } from "./values";
import type { Json } from "./values";

/** How a request wants the cache used. */
export type CacheUse = "default" | "bypass" | "refresh";

/** An answer as it is stored. `at` is when, in milliseconds since 1970. */
interface Stored {
  readonly text: string;
  readonly usage: Usage;
  readonly at: number;
}

const TOKENS = { type: "integer", minimum: 0 };
const validate = compileSchema({
  type: "object",
  properties: {
    text: { type: "string" },
    usage: {
      type: "object",
      properties: { input: TOKENS, output: TOKENS, cached: TOKENS, cacheWrite: TOKENS },
      required: ["input", "output", "cached", "cacheWrite"],
    },
    at: { type: "number" },
  },
  required: ["text", "usage", "at"],
});

/** The place in the cache of what a run would be answered.
 *
 * A store that fails is logged: then there is nothing, and nothing is stored. */
export class Place {
  private constructor(
    private readonly state: State,
    private readonly run: Run,
    private readonly key: string,
    private readonly ttlS: number,
    private readonly requestId: string,
  ) {}

  static async of(run: Run, ttlS: number, state: State, requestId: string): Promise<Place> {
    return new Place(state, run, await keyOf(run), ttlS, requestId);
  }

  /** The answer that is there. */
  async read(): Promise<Outcome | undefined> {
    try {
      const text = await this.state.cached(this.key);
      return text === undefined ? undefined : outcomeOf(this.run, parse(text));
    } catch (error) {
      logBeside(this.requestId, "read the cache", error);
      return undefined;
    }
  }

  /** Store an answer that the model has finished, unless it is too long. */
  async fill({ text, usage, finishReason }: Outcome): Promise<void> {
    const stored = JSON.stringify({ text, usage, at: Date.now() } satisfies Stored);
    if (finishReason !== "stop" || byteLength(stored) > BOUNDS.kept_answer_bytes) return;
    try {
      await this.state.cache(this.key, stored, this.ttlS);
    } catch (error) {
      logBeside(this.requestId, "fill the cache", error);
    }
  }
}

/** Canonical (RFC 8785) as it is: an array, of nothing but texts, a number, and an object of our own order. The
 * output stands in it because what is checked of an answer does not always stand in what is sent. */
async function keyOf({ prompt, version, call }: Run): Promise<string> {
  const { path, body } = adapters[version.api].buildRequest({ ...call, stream: false, user: undefined });
  const { number, source, model, provider, output } = version;
  return sha256(JSON.stringify([prompt, number, source, model, provider.baseUrl, path, body, output]));
}

/** What a run is answered from the cache: it costs nothing. Undefined where another release has stored it. */
function outcomeOf(run: Run, stored: Json): Outcome | undefined {
  const [value, errors] = validate(stored, "");
  if (errors.length > 0) return undefined;
  const { text, usage, at } = value as unknown as Stored;
  const ageS = Math.max(Math.floor((Date.now() - at) / 1000), 0);
  const cached: Run = { ...run, cache: { status: "exact", age_s: ageS } };
  return { ...conclude(cached, { text, usage, finishReason: "stop" }), costUsd: "0" };
}
