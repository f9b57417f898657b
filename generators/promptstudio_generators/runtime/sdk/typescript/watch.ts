/** The clock of one call: its limits, and whoever may end it. */

import { APIConnectionError, APITimeoutError, PromptsError } from "./errors.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1; // a longer one would fire at once

/** Watches over one call, all its attempts included.
 *
 * The caller's signal, the deadline and the limit of the moment all end what is under way, and `guard` tells of
 * which it was. `close` lets go of everything: no listener stays with the caller's signal, and no timer runs. */
export class Watch {
  readonly #caller: AbortSignal | undefined;
  readonly #deadlineAt: number;
  readonly #deadline: Timer | undefined;
  #limit: Timer | undefined;
  #attempt = new AbortController();
  #late: APITimeoutError | undefined; // of this attempt: another one may follow
  #end: { readonly reason: unknown } | undefined;
  #interrupt: ((reason: unknown) => void) | undefined;

  /** Throws the signal's reason where the caller has gone already. */
  constructor(caller: AbortSignal | undefined, deadlineMs: number) {
    caller?.throwIfAborted();
    this.#caller = caller;
    this.#caller?.addEventListener("abort", this.#leave);
    this.#deadlineAt = Date.now() + deadlineMs;
    this.#deadline = timer(deadlineMs, () => this.#stop(late(deadlineMs, "The call as a whole")));
  }

  /** Ends what is under way unless the limit is set anew, or lifted, within so many milliseconds. */
  limit(ms: number, what: string): void {
    this.lift();
    this.#limit = timer(ms, () => {
      this.#late = late(ms, what);
      this.#halt(this.#late);
    });
  }

  lift(): void {
    clearTimeout(this.#limit);
    this.#limit = undefined;
  }

  /** What `work` gives. It is told by a signal that it is no longer waited for.
   *
   * Rejects with the caller's reason, with APITimeoutError, or, where `work` failed by itself, with
   * APIConnectionError; a PromptsError of its own passes as it is. */
  async guard<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.check();
    try {
      return await Promise.race([work(this.#attempt.signal), this.#interrupted()]);
    } catch (error) {
      this.check();
      if (error instanceof PromptsError) throw error;
      throw new APIConnectionError("The connection failed", { cause: error });
    } finally {
      this.#interrupt = undefined;
    }
  }

  /** Throws what has ended the attempt, if something has. */
  check(): void {
    if (this.#end !== undefined) throw this.#end.reason;
    if (this.#late !== undefined) throw this.#late;
  }

  /** Lets the attempt go, whose connection closes, and gets ready for another one. */
  renew(): void {
    this.lift();
    this.#attempt.abort();
    this.#attempt = new AbortController();
    this.#late = undefined;
  }

  /** Whether so much time is left until the deadline. */
  leaves(ms: number): boolean {
    return Date.now() + ms < this.#deadlineAt;
  }

  /** Waits; rejects as `guard` does when the call ends meanwhile. */
  async sleep(ms: number): Promise<void> {
    let pause: Timer | undefined;
    try {
      await this.guard(() => new Promise<void>((resolve) => void (pause = setTimeout(resolve, ms))));
    } finally {
      clearTimeout(pause);
    }
  }

  /** Lets go of everything, and closes the connection that is still open. */
  close(): void {
    this.#stop(new APIConnectionError("The call was closed"));
    clearTimeout(this.#deadline);
    this.#caller?.removeEventListener("abort", this.#leave);
  }

  readonly #leave = (): void => this.#stop(this.#caller?.reason);

  #stop(reason: unknown): void {
    this.lift();
    this.#end ??= { reason };
    this.#halt(reason);
  }

  #halt(reason: unknown): void {
    this.#interrupt?.(reason);
    this.#attempt.abort();
  }

  /** A fetch that somebody handed in may pass over its signal: this ends the wait all the same. */
  #interrupted(): Promise<never> {
    return new Promise((_, reject) => {
      this.#interrupt = reject;
    });
  }
}

type Timer = ReturnType<typeof setTimeout>;

function timer(ms: number, done: () => void): Timer | undefined {
  return ms > LONGEST_TIMER_MS ? undefined : setTimeout(done, ms);
}

function late(ms: number, what: string): APITimeoutError {
  return new APITimeoutError(`${what} took longer than ${ms} ms`);
}
