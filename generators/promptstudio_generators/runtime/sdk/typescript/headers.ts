/** What a request's head says, and what of it a log may show. */

import { PromptsError } from "./errors.js";
import type { Call } from "./exchange.js";
import type { Settings } from "./settings.js";

const SHOWN: ReadonlySet<string> = new Set(["accept", "content-type", "idempotency-key"]);

/** The head that all attempts of a call have. Nothing else is said of us: no telemetry, which CORS would forbid.
 *
 * Throws PromptsError at what no header can hold. */
export function headersOf(settings: Settings, call: Call): Headers {
  const headers = new Headers({
    accept: call.accept,
    "content-type": "application/json",
    "idempotency-key": uuid4(),
  });
  const given = { "idempotency-key": call.options.idempotencyKey, ...call.options.headers };
  const key = settings.apiKey === undefined ? undefined : `Bearer ${settings.apiKey}`;
  for (const [name, value] of [["authorization", key], ...entries(settings.headers), ...entries(given)] as const) {
    set(headers, name, value);
  }
  return headers;
}

/** The head with every value hidden that might be a secret. */
export function shown(headers: Headers): Record<string, string> {
  const result: Record<string, string> = {};
  headers.forEach((value, name) => (result[name] = SHOWN.has(name) ? value : "[hidden]"));
  return result;
}

type Field = readonly [name: string, value: string | null | undefined];

function entries(fields: Readonly<Record<string, string | null | undefined>>): Field[] {
  return Object.entries(fields);
}

function set(headers: Headers, name: string, value: string | null | undefined): void {
  try {
    if (value === null) headers.delete(name);
    else if (value !== undefined) headers.set(name, value);
  } catch {
    // The platform's own error quotes the value.
    throw new PromptsError(`The header ${JSON.stringify(name)} cannot have this name, or this value`);
  }
}

/** Browsers offer crypto.randomUUID to pages of https alone. */
function uuid4(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, at) =>
    (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, "0"),
  ).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
