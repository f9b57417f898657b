/** What a request's head says, and what of it a log may show. */

import { ConfigurationError } from "./errors.js";
import type { Call } from "./exchange.js";
import type { Settings } from "./settings.js";
import type { HeaderFields } from "./types.js";

const SHOWN: ReadonlySet<string> = new Set(["accept", "content-type", "idempotency-key"]);

/** The head that all attempts of a call have. Nothing else is said of us: no telemetry, which CORS would forbid.
 *
 * What we have to say stands before what the caller adds, but for the authorization. Throws ConfigurationError at
 * what no header can hold. */
export function headersOf(settings: Settings, call: Call): Headers {
  const authorization = settings.apiKey === undefined ? undefined : `Bearer ${settings.apiKey}`;
  const headers = new Headers();
  set(headers, { authorization }, settings.headers, call.options.headers ?? {}, {
    accept: call.accept,
    "content-type": "application/json",
    "idempotency-key": call.options.idempotencyKey ?? uuid4(),
  });
  return headers;
}

/** The head with every value hidden that might be a secret. */
export function shown(headers: Headers): Record<string, string> {
  const result: Record<string, string> = {};
  headers.forEach((value, name) => (result[name] = SHOWN.has(name) ? value : "[hidden]"));
  return result;
}

function set(headers: Headers, ...layers: readonly HeaderFields[]): void {
  for (const [name, value] of layers.flatMap((fields) => Object.entries(fields))) {
    try {
      if (value === null) headers.delete(name);
      else if (value !== undefined) headers.set(name, value);
    } catch {
      // The platform's own error quotes the value.
      throw new ConfigurationError(`The header ${JSON.stringify(name)} cannot have this name, or this value`);
    }
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
