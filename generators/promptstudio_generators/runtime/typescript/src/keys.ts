/** API keys: the endpoint holds their SHA-256 hashes and never a key. */

import { SettingsError } from "./problems";

const VERIFIED_KEPT = 1000;

const encoder = new TextEncoder();

/** The keys that an endpoint answers to; without any, it answers to nobody. */
export class KeyRing {
  /** Keys that have proved themselves to this isolate, so that a caller's next request costs no hash. */
  private readonly verified = new Set<string>();

  constructor(private readonly hashes: ReadonlySet<string>) {}

  /** Whether the key is on the ring, where that is known without hashing. */
  remembers(key: string): boolean {
    return this.verified.has(key);
  }

  async holds(key: string): Promise<boolean> {
    if (!this.hashes.has(await sha256(key))) return false;
    if (this.verified.size >= VERIFIED_KEPT) this.verified.clear();
    this.verified.add(key);
    return true;
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The ring of PROMPTSTUDIO_KEYS: `[{"id","name","hash","created_at"}]`, or nothing; throws SettingsError. */
export function parseKeys(text: string): KeyRing {
  if (text.trim() === "") return new KeyRing(new Set());
  const rows = parseRows(text);
  if (!Array.isArray(rows) || !rows.every(isKeyRecord)) {
    throw new SettingsError("PROMPTSTUDIO_KEYS should be an array of keys, each with its SHA-256 in hex.");
  }
  return new KeyRing(new Set(rows.map(({ hash }) => hash)));
}

function parseRows(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the caller, without a message that could quote the secret
  }
}

function isKeyRecord(row: unknown): row is { hash: string } {
  if (typeof row !== "object" || row === null || !("hash" in row)) return false;
  return typeof row.hash === "string" && /^[0-9a-f]{64}$/.test(row.hash);
}
