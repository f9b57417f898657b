/** Idempotency-Key: who runs first what a key names, and what is told to those who come after. */

import { byteLength, sha256 } from "./bytes";
import type { Bytes } from "./bytes";
import { AppError, BOUNDS } from "./errors";
import { logBeside } from "./problems";
import type { Claim, State } from "./state";

const KEY = /^[ -~]*$/;

/** Who asks, where, and with what. `caller` is the SHA-256 of the API key. */
export interface Sender {
  readonly caller: string;
  readonly path: string;
  readonly body: Bytes;
}

/** What `run` has to claim under a key; throws AppError idempotency_key_invalid. */
export async function claimOf(key: string, { caller, path, body }: Sender, run: string): Promise<Claim> {
  const limit = BOUNDS.idempotency_key_characters;
  if (key === "" || key.length > limit || !KEY.test(key)) {
    throw new AppError("idempotency_key_invalid", { limit });
  }
  const name = await sha256(JSON.stringify([caller, path, key]));
  return { name, body: await sha256(body), run };
}

/** Claim: what was answered before, or else the right to run; throws AppError idempotency_mismatch or
 * idempotency_running. */
export async function taken(state: State, claim: Claim): Promise<string | undefined> {
  const claimed = await state.claim(claim);
  switch (claimed.kind) {
    case "answered":
      return claimed.answer;
    case "ours":
      return undefined;
    case "mismatch":
      throw new AppError("idempotency_mismatch");
    case "running":
      throw new AppError("idempotency_running", { retryAfter: 1 });
  }
}

/** A claim that is ours, until it is kept or released; only the first of these counts.
 *
 * A store that fails here is logged: what was answered goes out all the same, and the claim's lease ends. */
export class Holding {
  /** Resolves when the claim has been kept or released. */
  readonly settled: Promise<void>;
  private settle: () => void = () => {};
  private over = false;

  constructor(
    private readonly state: State,
    private readonly claim: Claim,
    private readonly requestId: string,
  ) {
    this.settled = new Promise((resolve) => (this.settle = resolve));
  }

  /** Store the answer, or where that is too long let the next one run again. */
  async keep(answer: string): Promise<void> {
    if (byteLength(answer) > BOUNDS.kept_answer_bytes) return this.release();
    await this.end("keep its answer", () => this.state.keep(this.claim, answer));
  }

  async release(): Promise<void> {
    await this.end("release its claim", () => this.state.release(this.claim));
  }

  private async end(what: string, work: () => Promise<void>): Promise<void> {
    if (this.over) return;
    this.over = true;
    try {
      await work();
    } catch (error) {
      logBeside(this.requestId, what, error);
    }
    this.settle();
  }
}
