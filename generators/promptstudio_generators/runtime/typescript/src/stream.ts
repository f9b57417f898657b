/** A streamed run: from the provider's events to the client's frames, as fast as the client takes them. */

import { BOUNDS } from "./errors";
import type { Form, Frames } from "./form";
import { asAppError } from "./problems";
import { adapters, AnswerStream } from "./providers/index";
import { conclude } from "./run";
import type { Outcome, Run } from "./run";

const PING_MS = BOUNDS.ping_s * 1000;

const encoder = new TextEncoder();
const PING = encoder.encode(": ping\n\n");

/** What has to happen before a client is told how its run ended. */
export interface Ending {
  succeeded(outcome: Outcome, body: string): Promise<void>;
  failed(): Promise<void>;
}

/** A run that is told as a stream. `signal` aborts when the client has gone. */
export interface Streamed {
  readonly run: Run;
  readonly form: Form;
  readonly ending: Ending | undefined;
  readonly requestId: string;
  readonly signal: AbortSignal | undefined;
}

/** The frames of a run whose provider has answered 2xx, with exactly one terminal event among them.
 *
 * The provider is read when the client reads; when nothing more is wanted of it, `chunks` is returned. */
export function frameStream(
  streamed: Streamed,
  chunks: AsyncIterableIterator<Uint8Array>,
): ReadableStream<Uint8Array> {
  const frames = streamed.form.frames();
  const relay = new Relay(streamed, frames, chunks);
  const pings = new Pings();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(frames.start()));
        pings.begin(() => controller.enqueue(PING));
      },
      async pull(controller) {
        const text = await pings.during(relay.next());
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (!relay.ended) return;
        pings.end();
        controller.close();
      },
      async cancel() {
        pings.end();
        await relay.end();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Passes each of the provider's deltas on as it comes, then the terminal frame. */
class Relay {
  ended = false;
  private readonly answer: AnswerStream;
  private text = "";

  constructor(
    private readonly streamed: Streamed,
    private readonly frames: Frames,
    private readonly chunks: AsyncIterableIterator<Uint8Array>,
  ) {
    const { api, provider } = streamed.run.version;
    this.answer = new AnswerStream(adapters[api], provider);
  }

  /** The next frames, as many as came together. */
  async next(): Promise<string> {
    let frames = "";
    const add = (texts: Iterable<string>): void => {
      for (const text of texts) {
        this.text += text;
        frames += this.frames.delta(text);
      }
    };
    try {
      let over = false;
      while (frames === "" && !over) {
        const { done, value } = await this.chunks.next();
        if (done !== true) add(this.answer.feed(value));
        over = done === true || this.answer.state.done;
      }
      if (!over) return frames;
      add(this.answer.finish());
      frames += await this.conclusion();
    } catch (error) {
      if (this.ended) return ""; // the client has gone, which is why the provider broke off
      if (!this.streamed.signal?.aborted) frames += this.frames.error(asAppError(error, this.streamed.requestId));
    }
    await this.end();
    return frames;
  }

  private async conclusion(): Promise<string> {
    const { run, form, ending } = this.streamed;
    const { finishReason, usage } = this.answer.state;
    const outcome = conclude(run, { text: this.text, finishReason, usage });
    const whole = form.whole(outcome);
    if (ending !== undefined) await ending.succeeded(outcome, whole.body);
    return this.frames.done(whole);
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.chunks.return?.();
    await this.streamed.ending?.failed(); // unless it has succeeded
  }
}

/** Calls `ping` whenever the client has waited for PING_MS. One timer serves a stream: it is set again only
 * when it has fired, as setting one for each frame would cost more than the frame. */
class Pings {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = false;
  private last = Date.now();

  begin(ping: () => void): void {
    const check = (): void => {
      const silence = Date.now() - this.last;
      if (silence < PING_MS) {
        this.timer = setTimeout(check, PING_MS - silence);
        return;
      }
      if (this.waiting) ping();
      this.last = Date.now();
      this.timer = setTimeout(check, PING_MS);
    };
    this.timer = setTimeout(check, PING_MS);
  }

  /** The result of what the client waits for. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.waiting = true;
    const result = await work;
    this.waiting = false;
    this.last = Date.now();
    return result;
  }

  end(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
  }
}
