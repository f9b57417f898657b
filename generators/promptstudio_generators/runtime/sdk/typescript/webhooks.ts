/** Webhooks by the Standard Webhooks specification, version 1: is this one genuine, and fresh? */

import { WebhookVerificationError } from "./errors.js";

export { WebhookVerificationError } from "./errors.js";

/** How far the sender's clock may be from ours, in seconds. */
const TOLERANCE_S = 300;
const PREFIX = "whsec_";

/** A request's headers, as whatever serves it has them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface WebhookOptions {
  /** How many seconds the webhook may be old, or ahead: 300 unless you say otherwise. */
  readonly toleranceS?: number | undefined;
  /** In milliseconds since 1970; the clock's unless you say otherwise. */
  readonly nowMs?: number | undefined;
}

/** What a webhook says, once it is known to be genuine.
 *
 * `body` is the request's, as it came and not parsed: one other space, and it no longer fits. `secret` begins
 * with `whsec_`; give both while you change from one to another. Rejects with WebhookVerificationError.
 *
 * @example
 * const event = await verifyWebhook(await request.text(), request.headers, secret);
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: WebhookOptions = {},
): Promise<unknown> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  checkAge(timestamp, options);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = concatenated(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const secrets = typeof secret === "string" ? [secret] : secret;
  if (!(await isSignedByAny(secrets, signatures, signed))) {
    throw new WebhookVerificationError("No signature of the webhook fits");
  }
  return parsed(bytes);
}

async function isSignedByAny(
  secrets: readonly string[],
  signatures: string,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const keys = await Promise.all(secrets.map(importKey));
  const given = signatures
    .split(" ")
    .flatMap((each) => (each.startsWith("v1,") ? [base64(each.slice(3))] : []));
  for (const key of keys) {
    for (const signature of given) {
      // WebCrypto compares in constant time.
      if (signature !== undefined && (await crypto.subtle.verify("HMAC", key, signature, signed)))
        return true;
    }
  }
  return false;
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = base64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  if (bytes === undefined || bytes.length === 0)
    throw new WebhookVerificationError("The secret is not base64");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function checkAge(timestamp: string, options: WebhookOptions): void {
  const sentS = /^[0-9]{1,12}$/.test(timestamp) ? Number(timestamp) : NaN;
  const ageS = (options.nowMs ?? Date.now()) / 1000 - sentS;
  if (!(Math.abs(ageS) <= (options.toleranceS ?? TOLERANCE_S))) {
    throw new WebhookVerificationError("The webhook's timestamp is too far from now");
  }
}

function header(headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : inRecord(headers, name);
  if (typeof value === "string" && value !== "") return value;
  throw new WebhookVerificationError(`The webhook has no header ${name}`);
}

/** By what it can do: a server's framework may have a class of its own. */
function isHeaders(headers: WebhookHeaders): headers is Headers {
  return typeof headers["get"] === "function";
}

function inRecord(headers: Exclude<WebhookHeaders, Headers>, name: string): string | undefined {
  const [, value] = Object.entries(headers).find(([each]) => each.toLowerCase() === name) ?? [];
  return typeof value === "string" ? value : value?.[0];
}

function base64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new WebhookVerificationError("The webhook is genuine, but not JSON", { cause });
  }
}
