/** What the cloud around the endpoint gives it. */

import { BOUNDS } from "./errors";
import { parseKeys } from "./keys";
import type { KeyRing } from "./keys";
import { SettingsError } from "./problems";
import type { State } from "./state";
import type { Json } from "./values";

/** Variables and secrets by name, and whatever else a cloud binds to one. They may change while the code stays
 * loaded. */
export interface Environment {
  readonly [name: string]: unknown;
}

/** A project's documents, and what its cloud can do beside answering. */
export interface Host<Env extends Environment = Environment> {
  readonly bundle: Json;
  readonly openapi: Json;

  /** Where a request's counts, claims and answers live. Asked only for requests that have any; without it
   * Idempotency-Key and cache have no effect, and a bundle with limits is refused. */
  readonly state?: (environment: Env) => State;

  /** Lets work go on when its request has been answered. Without it such work is waited for. */
  readonly waitUntil?: (work: Promise<void>) => void;

  /** The same stream by a way that cancels it when its client has gone, where a response's own is not sure to. */
  readonly pipe?: (stream: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>;
}

/** A variable or a secret, "" where there is none of this name. */
export function textOf(environment: Environment, name: string): string {
  const value = environment[name];
  return typeof value === "string" ? value : "";
}

export interface Settings {
  readonly keys: KeyRing;
  readonly corsOrigins: ReadonlySet<string>;
  /** In bytes. */
  readonly bodyLimit: number;
}

/** Reads an environment's settings, anew only when one of them has changed. The reader throws
 * SettingsError. */
export function settingsReader(): (environment: Environment) => Settings {
  let known: { keys: string; origins: string; limit: string; settings: Settings } | undefined;
  return (environment) => {
    const keys = textOf(environment, "PROMPTSTUDIO_KEYS");
    const origins = textOf(environment, "PROMPTSTUDIO_CORS_ORIGINS");
    const limit = textOf(environment, "PROMPTSTUDIO_BODY_LIMIT");
    if (known?.keys !== keys || known.origins !== origins || known.limit !== limit) {
      const settings = {
        keys: parseKeys(keys),
        corsOrigins: new Set(origins.split(",").map((origin) => origin.trim()).filter(Boolean)),
        bodyLimit: parseLimit(limit),
      };
      known = { keys, origins, limit, settings };
    }
    return known.settings;
  };
}

function parseLimit(text: string): number {
  if (text === "") return BOUNDS.body_bytes;
  if (!/^[0-9]+$/.test(text) || Number(text) === 0) {
    throw new SettingsError("PROMPTSTUDIO_BODY_LIMIT should be a number of bytes.");
  }
  return Number(text);
}
