/** One HTTP request and its answer. */

import { readBounded } from "./body";
import type { Bytes } from "./bytes";
import { AppError } from "./errors";

export type HeaderFields = Readonly<Record<string, string>>;

const ID_BYTES = 12;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const random = new Uint8Array(ID_BYTES * 64);
let used = random.length;

/** 24 random hexadecimal digits. */
export function newId(): string {
  if (used === random.length) {
    crypto.getRandomValues(random);
    used = 0;
  }
  let id = "";
  for (const end = used + ID_BYTES; used < end; used += 1) id += HEX[random[used] as number];
  return id;
}

/** The header that tells how long the model took. */
export function serverTiming(milliseconds: number): HeaderFields {
  return { "Server-Timing": `model;dur=${milliseconds.toFixed(1)}` };
}

/** `extraHeaders` go out with whatever is answered. `signal` aborts when the client has gone. */
export class Exchange {
  readonly id = `req_${newId()}`;
  extraHeaders: HeaderFields = {};

  constructor(
    readonly request: Request,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** The whole body; throws AppError body_too_large beyond `limit` bytes. */
  async body(limit: number): Promise<Bytes> {
    const tooLarge = () => new AppError("body_too_large", { limit });
    const declared = this.request.headers.get("content-length");
    if (declared === null) return readBounded(this.request.body, limit, tooLarge);
    if (Number(declared) > limit) throw tooLarge();
    return new Uint8Array(await this.request.arrayBuffer());
  }

  answer(status: number, contentType: string, body: BodyInit, headers: HeaderFields = {}): Response {
    return this.respond(status, body, { "Content-Type": contentType, ...headers });
  }

  /** A 204. */
  answerEmpty(headers: HeaderFields): Response {
    return this.respond(204, null, headers);
  }

  answerStream(body: BodyInit, headers: HeaderFields): Response {
    return this.answer(200, "text/event-stream", body, { "Cache-Control": "no-cache", ...headers });
  }

  private respond(status: number, body: BodyInit | null, headers: HeaderFields): Response {
    return new Response(body, {
      status,
      headers: { ...headers, "X-Request-Id": this.id, ...this.extraHeaders },
    });
  }
}
