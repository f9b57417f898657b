/** Bodies of requests and answers, read within a bound. */

import type { Bytes } from "./bytes";
import type { AppError } from "./errors";

/** All bytes of a body. Beyond `limit` of them the rest is left unread, and what `refusal` makes is thrown. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  refusal: () => AppError,
): Promise<Bytes> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.byteLength;
    if (length > limit) throw refusal();
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
