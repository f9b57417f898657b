/** The Durable Objects that count and claim. Each is one thread with a SQLite database of its own: what a method
 * does before it first waits is done alone, and written as a whole or not at all. */

import { DurableObject } from "cloudflare:workers";

import { BOUNDS } from "./errors";
import type { Claim, Claimed, Counter, Taken } from "./state";

const LEASE_MS = BOUNDS.idempotency_lease_s * 1000;
const KEPT_MS = BOUNDS.idempotency_kept_s * 1000;
/** The least time from one sweep to the next: each is a request, and reads every row. */
const SWEEP_MS = 3_600_000;

/** One table of rows that end, at `ends` in milliseconds since 1970. Those that have ended count as absent, until
 * an alarm deletes them. `ends` has no index: it would be one more row to write for each. */
abstract class Expiring extends DurableObject<unknown> {
  protected readonly sql: SqlStorage;
  private awaitsAlarm = false;

  constructor(
    context: DurableObjectState,
    environment: unknown,
    private readonly table: string,
    columns: string,
  ) {
    super(context, environment);
    this.sql = context.storage.sql;
    this.sql.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, ends INTEGER NOT NULL, ${columns}) WITHOUT ROWID`,
    );
  }

  protected now(): number {
    return Date.now();
  }

  /** See to it that what was written will be swept. */
  protected async expireLater(): Promise<void> {
    if (this.awaitsAlarm) return;
    const { storage } = this.ctx;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(this.now() + SWEEP_MS);
    this.awaitsAlarm = true;
  }

  override async alarm(): Promise<void> {
    const now = this.now();
    this.awaitsAlarm = false;
    this.sql.exec(`DELETE FROM ${this.table} WHERE ends <= ?`, now);
    const { first } = this.sql.exec<{ first: number | null }>(`SELECT min(ends) AS first FROM ${this.table}`).one();
    if (first !== null) await this.ctx.storage.setAlarm(Math.max(first, now + SWEEP_MS));
  }
}

type Window = { ends: number; used: number };

/** How many runs of one prompt there were, in the present window of each counter. */
export class Counts extends Expiring {
  constructor(context: DurableObjectState, environment: unknown) {
    super(context, environment, "counts", "used INTEGER NOT NULL");
  }

  /** See State.take. */
  async take(counters: readonly Counter[]): Promise<Taken> {
    const now = this.now();
    const windows = counters.map((counter) => ({ ...counter, ...this.window(counter, now) }));
    const admitted = windows.every(({ used, ceiling }) => used < ceiling);
    const resetS = windows.map(({ ends }) => Math.ceil((ends - now) / 1000));
    if (!admitted) return { admitted, used: windows.map(({ used }) => used), resetS };
    for (const { name, ends, used } of windows) {
      this.sql.exec("INSERT OR REPLACE INTO counts VALUES (?, ?, ?)", name, ends, used + 1);
    }
    await this.expireLater();
    return { admitted, used: windows.map(({ used }) => used + 1), resetS };
  }

  /** A counter's window. One that the clock has not reached is kept to: clocks may step back. */
  private window({ name, windowS }: Counter, now: number): Window {
    const [row] = this.sql.exec<Window>("SELECT ends, used FROM counts WHERE name = ? AND ends > ?", name, now);
    const length = windowS * 1000;
    return row ?? { ends: (Math.floor(now / length) + 1) * length, used: 0 };
  }
}

type ClaimRow = { body: string; run: string; answer: string | null };

/** Claims, and the answers that were kept for them. */
export class Claims extends Expiring {
  constructor(context: DurableObjectState, environment: unknown) {
    super(context, environment, "claims", "body TEXT NOT NULL, run TEXT NOT NULL, answer TEXT");
  }

  /** See State.claim. */
  async claim({ name, body, run }: Claim): Promise<Claimed> {
    const now = this.now();
    const query = "SELECT body, run, answer FROM claims WHERE name = ? AND ends > ?";
    const [row] = this.sql.exec<ClaimRow>(query, name, now);
    if (row !== undefined) return toldOf(row, body, run);
    this.sql.exec("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, NULL)", name, now + LEASE_MS, body, run);
    await this.expireLater();
    return { kind: "ours" };
  }

  /** See State.keep. */
  keep({ name, run }: Claim, answer: string): void {
    const now = this.now();
    const statement =
      "UPDATE claims SET answer = ?, ends = ? WHERE name = ? AND run = ? AND answer IS NULL AND ends > ?";
    this.sql.exec(statement, answer, now + KEPT_MS, name, run, now);
  }

  /** See State.release. */
  release({ name, run }: Claim): void {
    this.sql.exec("DELETE FROM claims WHERE name = ? AND run = ? AND answer IS NULL", name, run);
  }
}

/** What is told of a claim that is there. Whose first answer was lost asks once more for the same run. */
function toldOf(row: ClaimRow, body: string, run: string): Claimed {
  if (row.body !== body) return { kind: "mismatch" };
  if (row.answer !== null) return { kind: "answered", answer: row.answer };
  return { kind: row.run === run ? "ours" : "running" };
}
