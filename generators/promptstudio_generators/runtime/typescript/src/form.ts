/** How one API tells an answer: at once, as a stream, or again. */

import type { AppError } from "./errors";
import type { Outcome } from "./run";

/** A whole answer: the body of a 200, and what of it a stream tells apart. `finished` is false where the model
 * was stopped before its end. */
export interface Whole {
  readonly body: string;
  readonly text: string;
  readonly finished: boolean;
}

/** The events of one stream, in their order. Each method gives one or more whole frames. */
export interface Frames {
  start(): string;
  delta(text: string): string;
  done(whole: Whole): string;
  error(error: AppError): string;
}

export interface Form {
  whole(outcome: Outcome): Whole;
  frames(): Frames;

  /** An answer that was kept, from its body alone, and the frames that tell it. */
  replayed(body: string): [whole: Whole, frames: Frames];
}

/** A stream of which everything is known. */
export function wholeStream(whole: Whole, frames: Frames): string {
  return frames.start() + (whole.text === "" ? "" : frames.delta(whole.text)) + frames.done(whole);
}
