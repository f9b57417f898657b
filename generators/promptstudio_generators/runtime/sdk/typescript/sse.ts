/** Event streams from anywhere, read by WHATWG's rules to the letter. */

import { MAX_EVENT_BYTES, SSEDecoder } from "./decoder.js";
import type { ServerSentEvent } from "./decoder.js";

export { MAX_EVENT_BYTES } from "./decoder.js";
export type { ServerSentEvent } from "./decoder.js";
export { EventTooLargeError } from "./errors.js";

export interface SSEOptions {
  /** How many bytes of data an event may have: 16 MiB unless you say otherwise. */
  readonly maxEventBytes?: number | undefined;
}

/** The events of a stream of bytes, each as soon as it is complete.
 *
 * Bytes that are no UTF-8 become U+FFFD. A block that the stream ends within is dropped, as the rules demand.
 * Leaving the loop cancels the stream. Throws EventTooLargeError, and whatever the stream itself fails of. It
 * never connects again.
 *
 * @example
 * if (response.body) for await (const { event, data } of iterSSE(response.body)) console.log(event, data);
 */
export function iterSSE(
  stream: ReadableStream<Uint8Array>,
  options: SSEOptions = {},
): AsyncIterableIterator<ServerSentEvent> {
  const reader = stream.getReader();
  const read = async (): Promise<Uint8Array | undefined> => (await reader.read()).value;
  const close = (): Promise<void> => reader.cancel();
  return new Events(decode(read, close, options.maxEventBytes ?? MAX_EVENT_BYTES), close);
}

/** The events of the chunks that `read` gives until it gives undefined. `close` is called at the end, whatever
 * the end is. */
export async function* decode(
  read: () => Promise<Uint8Array | undefined>,
  close: () => Promise<void>,
  maxEventBytes: number,
): AsyncGenerator<ServerSentEvent, void> {
  const decoder = new SSEDecoder(maxEventBytes);
  try {
    for (let chunk = await read(); chunk !== undefined; chunk = await read()) yield* decoder.feed(chunk);
  } finally {
    await close().catch(ignore); // of a stream that has failed: its own error is the one to tell
  }
}

/** A generator's `return` waits for the `next` that is under way, and so for the server. This one does not. */
class Events implements AsyncIterableIterator<ServerSentEvent> {
  readonly #events: AsyncGenerator<ServerSentEvent, void>;
  readonly #close: () => Promise<void>;

  constructor(events: AsyncGenerator<ServerSentEvent, void>, close: () => Promise<void>) {
    this.#events = events;
    this.#close = close;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ServerSentEvent, void>> {
    return this.#events.next();
  }

  async return(): Promise<IteratorResult<ServerSentEvent, void>> {
    await this.#close().catch(ignore);
    return this.#events.return();
  }
}

function ignore(): void {
  /* Nobody is left to tell. */
}
