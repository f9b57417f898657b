/** A run from its request to its answer: claimed, counted, looked up, asked, kept. */

import { Place } from "./answer-cache";
import type { CacheUse } from "./answer-cache";
import { sha256 } from "./bytes";
import type { Bytes } from "./bytes";
import { AppError } from "./errors";
import { serverTiming } from "./exchange";
import type { Exchange } from "./exchange";
import { wholeStream } from "./form";
import type { Form, Frames, Whole } from "./form";
import type { Host } from "./host";
import { claimOf, Holding, taken } from "./idempotency";
import { countersOf, limitHeaders, limitReached } from "./limits";
import { complete } from "./run";
import type { Outcome, Run } from "./run";
import type { Claim, State } from "./state";
import { frameStream } from "./stream";
import type { Ending } from "./stream";
import type { Transport } from "./transport";

const JSON_TYPE = "application/json";

/** A request that is fit to be run. `user` is the end user whom it names, `cacheUse` what it asks of the cache. */
export interface Question {
  readonly run: Run;
  readonly form: Form;
  readonly stream: boolean;
  readonly user: string | undefined;
  readonly cacheUse: CacheUse;
}

/** The request itself: the key that let it in, its path and its body. */
export interface Visit {
  readonly exchange: Exchange;
  readonly transport: Transport;
  readonly key: string;
  readonly path: string;
  readonly body: Bytes;
}

/** What the cloud can do beside answering, see Host. `state` is this request's. */
export interface Means {
  readonly state: (() => State) | undefined;
  readonly waitUntil: Host["waitUntil"];
  readonly pipe: Host["pipe"];
}

/** Answer a question. Whoever has no use for the store does not wait for it. */
export async function conduct(visit: Visit, question: Question, means: Means): Promise<Response> {
  const { limits, cacheTtlS } = question.run.version;
  const key = visit.exchange.request.headers.get("idempotency-key");
  const cached = cacheTtlS !== undefined && question.cacheUse !== "bypass";
  const state = key !== null || limits.length > 0 || cached ? means.state?.() : undefined;
  if (state === undefined) return ask(visit, question, undefined);
  return new Conduct(visit, question, means, state, await sha256(visit.key)).answer(key);
}

class Conduct {
  constructor(
    private readonly visit: Visit,
    private readonly question: Question,
    private readonly means: Means,
    private readonly state: State,
    private readonly caller: string,
  ) {}

  /** The answer; `key` is an Idempotency-Key. */
  async answer(key: string | null): Promise<Response> {
    if (key === null) return this.run(undefined);
    const { exchange, path, body } = this.visit;
    const claim = await claimOf(key, { caller: this.caller, path, body }, this.question.run.id);
    const holding = new Holding(this.state, claim, exchange.id);
    const before = await this.taken(claim, holding);
    if (before !== undefined) return tell(this.visit, this.question, ...this.question.form.replayed(before));
    this.means.waitUntil?.(holding.settled); // or else a client that goes away takes the release with it
    try {
      return await this.run(holding);
    } catch (error) {
      await holding.release();
      throw error;
    }
  }

  /** See taken. A claim that may have been written, though the store did not say so, is given back beside the
   * refusal, which does not wait for it. */
  private async taken(claim: Claim, holding: Holding): Promise<string | undefined> {
    try {
      return await taken(this.state, claim);
    } catch (error) {
      if (error instanceof AppError && error.problem === "store_unavailable") {
        void holding.release();
        this.means.waitUntil?.(holding.settled);
      }
      throw error;
    }
  }

  private async run(holding: Holding | undefined): Promise<Response> {
    await this.count();
    const place = await this.place();
    const { visit, question } = this;
    const hit = question.cacheUse === "default" ? await place?.read() : undefined;
    if (hit !== undefined) {
      const whole = question.form.whole(hit);
      await holding?.keep(whole.body);
      return tell(visit, question, whole, question.form.frames());
    }
    const run: Run = place === undefined ? question.run : { ...question.run, cache: { status: "miss" } };
    const pipe = holding === undefined ? undefined : this.means.pipe;
    return ask(visit, { ...question, run }, new Owed(holding, place, this.means), pipe);
  }

  /** Count the run on its version's limits; throws AppError limit_reached. */
  private async count(): Promise<void> {
    const { run, user } = this.question;
    const { limits } = run.version;
    if (limits.length === 0) return;
    const subjects = { prompt: "", key: this.caller, user: user === undefined ? "" : await sha256(user) };
    const taken = await this.state.take(run.prompt, countersOf(limits, subjects));
    const { exchange } = this.visit;
    exchange.extraHeaders = { ...exchange.extraHeaders, ...limitHeaders(limits, taken) };
    if (!taken.admitted) throw limitReached(limits, taken);
  }

  /** Where the answer may be cached. */
  private async place(): Promise<Place | undefined> {
    const { run, cacheUse } = this.question;
    const { cacheTtlS } = run.version;
    if (cacheTtlS === undefined || cacheUse === "bypass") return undefined;
    return Place.of(run, cacheTtlS, this.state, this.visit.exchange.id);
  }
}

/** What a run owes to its claim and to the cache. */
class Owed implements Ending {
  constructor(
    private readonly holding: Holding | undefined,
    private readonly place: Place | undefined,
    private readonly means: Means,
  ) {}

  async succeeded(outcome: Outcome, body: string): Promise<void> {
    await this.holding?.keep(body);
    const filled = this.place?.fill(outcome);
    const { waitUntil } = this.means;
    if (filled === undefined || waitUntil === undefined) await filled;
    else waitUntil(filled);
  }

  async failed(): Promise<void> {
    await this.holding?.release();
  }
}

/** Ask the model. Before a stream begins, whoever called has to end what throws. */
async function ask(
  visit: Visit,
  question: Question,
  ending: Ending | undefined,
  pipe: Means["pipe"] = (stream) => stream,
): Promise<Response> {
  const { exchange, transport } = visit;
  const { run, form } = question;
  const asked = performance.now();
  if (question.stream) {
    const chunks = await transport.stream(run.version.provider, run.request, exchange.signal);
    const body = frameStream({ run, form, ending, requestId: exchange.id, signal: exchange.signal }, chunks);
    return exchange.answerStream(pipe(body), serverTiming(performance.now() - asked));
  }
  const outcome = await complete(run, transport, exchange.signal);
  const timing = serverTiming(performance.now() - asked);
  const { body } = form.whole(outcome);
  if (ending !== undefined) await ending.succeeded(outcome, body);
  return exchange.answer(200, JSON_TYPE, body, timing);
}

/** Tell what no model has to be asked for. */
function tell({ exchange }: Visit, { stream }: Question, whole: Whole, frames: Frames): Response {
  if (stream) return exchange.answerStream(wholeStream(whole, frames), {});
  return exchange.answer(200, JSON_TYPE, whole.body);
}
