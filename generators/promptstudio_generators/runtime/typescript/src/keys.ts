/** API keys: the endpoint holds their SHA-256 hashes and never a key. */

import { sha256 } from "./bytes";
import { SettingsError } from "./problems";

const VERIFIED_KEPT = 1000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The keys that an endpoint answers to; without any, it answers to nobody. */
export class KeyRing {
  /** Keys that have proved themselves to this isolate, so that a caller's next request costs no hash. */
  private readonly verified = new Map<string, number>();

  /** `ends` are the hashes with the time when each key ends, in milliseconds since 1970; Infinity is none. */
  constructor(private readonly ends: ReadonlyMap<string, number>) {}

  /** Whether the key is on the ring, where that is known without hashing. */
  remembers(key: string): boolean {
    return Date.now() < (this.verified.get(key) ?? 0);
  }

  async holds(key: string): Promise<boolean> {
    const end = this.ends.get(await sha256(key)) ?? 0;
    if (Date.now() >= end) return false;
    if (this.verified.size >= VERIFIED_KEPT) this.verified.clear();
    this.verified.set(key, end);
    return true;
  }
}

/**
 * The ring of PROMPTSTUDIO_KEYS: `[{"id","name","hash","created_at","expires_at"?}]`, or nothing; throws
 * SettingsError.
 */
export function parseKeys(text: string): KeyRing {
  if (text.trim() === "") return new KeyRing(new Map());
  const rows = parseRows(text);
  if (!Array.isArray(rows) || !rows.every(isKeyRecord)) {
    throw new SettingsError("PROMPTSTUDIO_KEYS should be an array of keys, each with its SHA-256 in hex.");
  }
  return new KeyRing(new Map(rows.map((row) => [row.hash, endOf(row)])));
}

function parseRows(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the caller, without a message that could quote the secret
  }
}

interface KeyRecord {
  readonly hash: string;
  readonly expires_at?: string | null;
}

function isKeyRecord(row: unknown): row is KeyRecord {
  if (typeof row !== "object" || row === null || !("hash" in row)) return false;
  if (typeof row.hash !== "string" || !/^[0-9a-f]{64}$/.test(row.hash)) return false;
  const end = "expires_at" in row ? row.expires_at : null;
  return end === null || (typeof end === "string" && TIME.test(end) && !Number.isNaN(Date.parse(end)));
}

function endOf({ expires_at: end }: KeyRecord): number {
  return typeof end === "string" ? Date.parse(end) : Number.POSITIVE_INFINITY;
}
