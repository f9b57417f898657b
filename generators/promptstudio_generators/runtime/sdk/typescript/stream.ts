/// <reference lib="esnext.disposable" preserve="true" />

/** A run whose answer comes piece by piece. */

import { answerIn, detailsOf, located, valueOf } from "./answers.js";
import type { ServerSentEvent } from "./decoder.js";
import {
  APIConnectionError,
  APITimeoutError,
  PromptsError,
  StreamTruncatedError,
  UnexpectedResponseError,
} from "./errors.js";
import type { Exchange } from "./exchange.js";
import { asObject, problemError } from "./problem.js";
import { decode } from "./sse.js";
import type { Answer, RunEvent } from "./types.js";
import type { Watch } from "./watch.js";

/** How long the end of a stream is waited for after its last event, so that the connection can serve another
 * call. */
const END_MS = 100;

/** How a stream comes by its answer, and within which bounds. */
export interface StreamSource {
  /** Throws the signal's reason where the caller has gone already. */
  watch(): Watch;
  open(watch: Watch): Promise<Exchange>;
  readonly idleTimeoutMs: number;
  readonly maxEventBytes: number;
}

interface Opened extends Exchange {
  readonly watch: Watch;
}

/** The events of one run: `start`, a `delta` for each piece of text, `done` with the whole answer.
 *
 * Nothing is sent before the first event, or `response`, is asked for. Leaving the loop early, `close` and
 * `await using` close the connection, and the endpoint stops the model. A stream is read once, by one reader.
 *
 * Iterating throws APIError and its children where the run fails, StreamTruncatedError where the stream ends
 * without `done`, APITimeoutError, or the reason of your AbortSignal.
 *
 * @example
 * for await (const event of stream) if (event.type === "delta") process.stdout.write(event.text);
 */
export class RunStream<Output> implements AsyncIterableIterator<RunEvent<Output>> {
  readonly #source: StreamSource;
  readonly #events: AsyncGenerator<RunEvent<Output>, void>;
  #opened: Promise<Opened> | undefined;
  #watch: Watch | undefined;
  #isClosed = false;
  #text = "";
  #answer: Answer<Output> | undefined;

  constructor(source: StreamSource) {
    this.#source = source;
    this.#events = this.#run();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<RunEvent<Output>, void>> {
    return this.#events.next();
  }

  async return(): Promise<IteratorResult<RunEvent<Output>, void>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Closes the connection, also while an event is being waited for: the stream is then at its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch?.close();
    await this.#events.return();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The HTTP response, as soon as its head is there. Its body is the stream's own to read. */
  async response(): Promise<Response> {
    return (await this.#open()).response;
  }

  /** The whole answer. What is still to come of the stream is read and passed over. */
  async answer(): Promise<Answer<Output>> {
    while (!(await this.next()).done);
    if (this.#answer !== undefined) return this.#answer;
    throw new PromptsError("The stream was left before its end");
  }

  #open(): Promise<Opened> {
    return (this.#opened ??= this.#connect());
  }

  async #connect(): Promise<Opened> {
    if (this.#isClosed) throw new PromptsError("The stream was closed");
    const watch = this.#source.watch();
    this.#watch = watch;
    try {
      return { watch, ...(await this.#source.open(watch)) };
    } catch (error) {
      watch.close();
      throw error;
    } finally {
      watch.lift();
    }
  }

  async *#run(): AsyncGenerator<RunEvent<Output>, void> {
    try {
      const exchange = await this.#open();
      for await (const event of this.#decoded(exchange)) {
        if (this.#answer === undefined) yield this.#read(event, exchange);
      }
      if (this.#answer === undefined) throw this.#truncated(exchange, undefined);
    } catch (error) {
      if (!this.#isClosed && this.#answer === undefined) throw error;
    } finally {
      this.#watch?.close();
    }
  }

  async *#decoded(exchange: Opened): AsyncGenerator<ServerSentEvent, void> {
    const { watch } = exchange;
    const reader = exchange.response.body?.getReader();
    const read = async (): Promise<Uint8Array | undefined> => {
      if (this.#answer === undefined) watch.limit(this.#source.idleTimeoutMs, "The next piece of the stream");
      const piece = await watch.guard(async () => reader?.read());
      if (this.#answer === undefined) watch.lift();
      return piece?.value;
    };
    try {
      yield* decode(read, async () => reader?.cancel(), this.#source.maxEventBytes);
    } catch (error) {
      const { response, attempts } = exchange;
      if (error instanceof APITimeoutError) Object.assign(error, { partial: this.#text });
      else if (error instanceof APIConnectionError) throw this.#truncated(exchange, error.cause);
      throw located(error, response, attempts);
    }
  }

  #read(event: ServerSentEvent, exchange: Opened): RunEvent<Output> {
    const { event: name, data } = event;
    if (name === "done") return { type: name, answer: this.#finish(data, exchange) };
    if (name !== "start" && name !== "delta" && name !== "error") return { type: "unknown", name, data };
    const value = valueOf(data);
    if (name === "error") {
      throw problemError({
        ...detailsOf(exchange.response, exchange.attempts),
        statusCode: undefined,
        body: value,
      });
    }
    const { text, id } = asObject(value);
    if (typeof (name === "start" ? id : text) !== "string") throw this.#garbage(name, value, exchange);
    if (name === "delta") this.#text += text as string;
    return { ...asObject(value), type: name } as RunEvent<Output>;
  }

  #finish(data: string, exchange: Opened): Answer<Output> {
    this.#answer = answerIn<Output>(data);
    if (this.#answer === undefined) throw this.#garbage("done", data, exchange);
    exchange.watch.limit(END_MS, "The end of the stream");
    return this.#answer;
  }

  #garbage(name: string, body: unknown, { response, attempts }: Exchange): UnexpectedResponseError {
    const text = `The server sent an event "${name}" that cannot be read`;
    return new UnexpectedResponseError(text, { ...detailsOf(response, attempts), body });
  }

  #truncated({ response, attempts }: Exchange, cause: unknown): StreamTruncatedError {
    const details = { ...detailsOf(response, attempts), ...(cause === undefined ? {} : { cause }) };
    return new StreamTruncatedError("The stream ended before its last event", this.#text, details);
  }
}
