/** A streamed answer put together, without I/O: bytes in, the text they add out. */

import { AppError } from "../errors";
import { SseDecoder } from "../sse";
import type { ServerSentEvent } from "../sse";
import type { Adapter, Provider, StreamState } from "./base";

/** Feed it chunks until `state.done` or their end, then call finish. `state` has the usage and the finish
 * reason. Deltas are never empty. */
export class AnswerStream {
  readonly state: StreamState = { finishReason: "stop", usage: undefined, done: false };
  private readonly decoder = new SseDecoder();

  constructor(
    private readonly adapter: Adapter,
    private readonly provider: Provider,
  ) {}

  /** The deltas in this chunk, one by one: those before a broken event come before its AppError. */
  feed(chunk: Uint8Array): Iterable<string> {
    return this.deltas(this.decoder.feed(chunk));
  }

  /** What only came clear at the end; AppError provider_truncated where the last event is missing. */
  finish(): string[] {
    const deltas = [...this.deltas(this.decoder.finish())];
    if (!this.state.done) throw new AppError("provider_truncated", { provider: this.provider.name });
    return deltas;
  }

  private *deltas(events: readonly ServerSentEvent[]): Iterable<string> {
    for (const event of events) {
      if (this.state.done) return;
      const delta = this.adapter.parseEvent(this.provider, event, this.state);
      if (delta !== "") yield delta;
    }
  }
}
