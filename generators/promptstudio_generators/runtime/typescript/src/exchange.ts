/** One HTTP request and its answer. */

import { AppError } from "./errors";
import { problemBody, problemHeaders, PROBLEM_TYPE } from "./problems";

export const JSON_TYPE = "application/json";

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
  for (const end = used + ID_BYTES; used < end; used += 1) id += HEX[random[used] ?? 0];
  return id;
}

/** `extraHeaders` go out with whatever is answered. */
export class Exchange {
  readonly id = `req_${newId()}`;
  extraHeaders: Readonly<Record<string, string>> = {};

  constructor(readonly request: Request) {}

  answer(
    status: number,
    contentType: string,
    body: BodyInit | null,
    headers: Readonly<Record<string, string>> = {},
  ): Response {
    return new Response(body, {
      status,
      headers: { "Content-Type": contentType, "X-Request-Id": this.id, ...headers, ...this.extraHeaders },
    });
  }

  problem(error: AppError, headers: Readonly<Record<string, string>> = {}): Response {
    const all = { ...problemHeaders(error), ...headers };
    return this.answer(error.status, PROBLEM_TYPE, problemBody(error, this.id), all);
  }

  /** The whole body; throws AppError body_too_large beyond `limit` bytes. */
  async body(limit: number): Promise<Uint8Array> {
    const declared = this.request.headers.get("content-length");
    if (declared === null) return this.countedBody(limit);
    if (Number(declared) > limit) throw new AppError("body_too_large", { limit });
    return new Uint8Array(await this.request.arrayBuffer());
  }

  private async countedBody(limit: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of this.request.body ?? []) {
      length += piece.byteLength;
      if (length > limit) throw new AppError("body_too_large", { limit });
      pieces.push(piece);
    }
    return joined(pieces, length);
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
