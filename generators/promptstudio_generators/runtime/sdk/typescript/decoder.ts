/** The rules of WHATWG's event streams, without any I/O (https://html.spec.whatwg.org, section 9.2).
 *
 * Lines are found among the bytes and decoded one by one: no byte of a longer UTF-8 sequence equals CR or LF, so
 * that it makes no difference, and a line's size in bytes is known.
 */

import { EventTooLargeError } from "./errors.js";

/** One event of a stream. */
export interface ServerSentEvent {
  /** The event's type; null where the stream names none. */
  readonly event: string | null;
  readonly data: string;
  /** The last `id` that the stream has sent so far; "" before the first. */
  readonly id: string;
  /** The reconnection time in milliseconds that came with this event; null where none did. */
  readonly retry: number | null;
}

/** 16 MiB: what an event's data may have unless you say otherwise. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

const LF = 10;
const CR = 13;
const COLON = 58;
const BOM = [0xef, 0xbb, 0xbf] as const;
const DIGITS = /^[0-9]+$/;
const LONGEST_PREFIX = BOM.length + "data: ".length;
const SMALL_BYTES = 4096;

/** Bytes in, as they come; events out, as soon as the last byte of their blank line is there. */
export class SSEDecoder {
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #maxEventBytes: number;
  readonly #tail = new Tail();
  #isFirstLine = true;
  #afterCR = false;
  #data: string[] = [];
  #dataBytes = 0; // with a line feed for each line
  #event = "";
  #id = "";
  #retry: number | null = null;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** The events that `chunk` completes. Throws EventTooLargeError at one whose data, or any line, is too long. */
  *feed(chunk: Uint8Array): Generator<ServerSentEvent, void> {
    let start = this.#afterCR && chunk[0] === LF ? 1 : 0;
    this.#afterCR &&= chunk.length === 0;
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while (lf !== -1 || cr !== -1) {
      const end = lf === -1 || (cr !== -1 && cr < lf) ? cr : lf;
      const event = this.#line(chunk.subarray(start, end));
      start = end + 1;
      if (end === cr) {
        this.#afterCR = start === chunk.length;
        if (chunk[start] === LF) start += 1;
        cr = chunk.indexOf(CR, start);
      }
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
      if (event !== undefined) yield event;
    }
    this.#bound(this.#tail.size + chunk.length - start);
    this.#tail.add(chunk.subarray(start));
  }

  /** Takes a line's end into account; gives the event that it completes. */
  #line(end: Uint8Array): ServerSentEvent | undefined {
    this.#bound(this.#tail.size + end.length);
    let line = this.#tail.take(end);
    if (this.#isFirstLine && BOM.every((byte, at) => line[at] === byte)) line = line.subarray(BOM.length);
    this.#isFirstLine = false;
    if (line.length === 0) return this.#dispatch();
    if (line[0] !== COLON) this.#field(line);
    return undefined;
  }

  #field(line: Uint8Array): void {
    const text = this.#utf8.decode(line);
    const colon = text.indexOf(":");
    const name = colon === -1 ? text : text.slice(0, colon);
    const from = colon === -1 ? text.length : colon + (text[colon + 1] === " " ? 2 : 1);
    const value = text.slice(from);
    if (name === "data") {
      this.#data.push(value);
      this.#dataBytes += line.length - from + 1;
      if (this.#dataBytes - 1 > this.#maxEventBytes) throw new EventTooLargeError(this.#maxEventBytes);
    } else if (name === "event") {
      this.#event = value;
    } else if (name === "id" && !value.includes("\0")) {
      this.#id = value;
    } else if (name === "retry" && DIGITS.test(value)) {
      this.#retry = Number.isFinite(Number(value)) ? Number(value) : null;
    }
  }

  #dispatch(): ServerSentEvent | undefined {
    const [data, event, retry] = [this.#data, this.#event, this.#retry];
    this.#data = [];
    this.#dataBytes = 0;
    this.#event = "";
    this.#retry = null;
    if (data.length === 0) return undefined;
    return { event: event === "" ? null : event, data: data.join("\n"), id: this.#id, retry };
  }

  #bound(lineBytes: number): void {
    if (lineBytes > this.#maxEventBytes + LONGEST_PREFIX) throw new EventTooLargeError(this.#maxEventBytes);
  }
}

/** The beginning of a line whose end has not come. It grows by doubling, so that no split of a long line into
 * chunks costs more than its length. */
class Tail {
  #bytes = new Uint8Array(SMALL_BYTES);
  size = 0;

  add(more: Uint8Array): void {
    const size = this.size + more.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(more, this.size);
    this.size = size;
  }

  /** The whole line, which ends with `end`; nothing is left. The bytes are good until the next `add`. */
  take(end: Uint8Array): Uint8Array {
    if (this.size === 0) return end;
    this.add(end);
    const line = this.#bytes.subarray(0, this.size);
    if (this.#bytes.length > 16 * SMALL_BYTES) this.#bytes = new Uint8Array(SMALL_BYTES);
    this.size = 0;
    return line;
  }
}
