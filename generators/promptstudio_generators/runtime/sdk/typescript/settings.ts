/** What a client is told, checked once. */

import { MAX_EVENT_BYTES } from "./decoder.js";
import { ConfigurationError } from "./errors.js";
import type { ClientOptions, Fetch, HeaderFields, Logger, Patience } from "./types.js";

const TIMEOUT_MS = 600_000;
const IDLE_TIMEOUT_MS = 60_000;
const MAX_RETRIES = 2;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** Which variables of the environment hold what the caller does not give. */
export interface EnvironmentNames {
  readonly apiKey: string;
  readonly baseUrl: string;
}

export interface Settings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly fetch: Fetch;
  readonly headers: HeaderFields;
  readonly logger: Logger | undefined;
  readonly patience: Patience;
  readonly maxEventBytes: number;
}

/** How long to wait, and how often to try: every limit a number. */
export interface Limits {
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly deadlineMs: number;
  readonly maxRetries: number;
}

/** Throws ConfigurationError where there is no address, or something that cannot be used. No text of it quotes what
 * might be a secret. */
export function settingsOf(options: ClientOptions, names: EnvironmentNames): Settings {
  limitsOf(options, {});
  return {
    baseUrl: checkedUrl(options.baseUrl ?? environment(names.baseUrl), names.baseUrl),
    apiKey: checkedKey((options.apiKey ?? environment(names.apiKey))?.trim() || undefined),
    // A platform's fetch refuses to be called as another object's method.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    headers: options.headers ?? {},
    logger: options.logger,
    patience: options,
    maxEventBytes: positive("maxEventBytes", options.maxEventBytes ?? MAX_EVENT_BYTES),
  };
}

/** What counts for one call: its own words before the client's. */
export function limitsOf(client: Patience, call: Patience): Limits {
  const maxRetries = call.maxRetries ?? client.maxRetries ?? MAX_RETRIES;
  if (!(maxRetries >= 0)) throw new ConfigurationError("maxRetries has to be 0 or more");
  return {
    timeoutMs: positive("timeoutMs", call.timeoutMs ?? client.timeoutMs ?? TIMEOUT_MS),
    idleTimeoutMs: positive("idleTimeoutMs", call.idleTimeoutMs ?? client.idleTimeoutMs ?? IDLE_TIMEOUT_MS),
    deadlineMs: positive("deadlineMs", call.deadlineMs ?? client.deadlineMs ?? Infinity),
    maxRetries,
  };
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new ConfigurationError(`${name} has to be a number above 0; Infinity lifts the limit`);
}

/** Node's environment, and that of platforms which lend its look; undefined elsewhere. */
function environment(name: string): string | undefined {
  const host = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return host.process?.env?.[name]?.trim() || undefined;
}

function checkedUrl(text: string | undefined, name: string): string {
  if (text === undefined) throw new ConfigurationError(`Where is the endpoint? Give baseUrl, or set ${name}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new ConfigurationError(
    "baseUrl has to be an http or https address without credentials, query or fragment",
  );
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined || PRINTABLE.test(key)) return key;
  throw new ConfigurationError("The API key holds characters that no key has");
}
