/** What the cloud around the endpoint gives it. */

import { BOUNDS } from "./errors";
import { parseKeys } from "./keys";
import type { KeyRing } from "./keys";
import { SettingsError } from "./problems";
import type { Json } from "./values";

/** The documents that a project embeds. */
export interface Host {
  readonly bundle: Json;
  readonly openapi: Json;
}

/** Variables and secrets by name. They may change while the code stays loaded. */
export interface Environment {
  readonly [name: string]: string | undefined;
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
    const keys = environment["PROMPTSTUDIO_KEYS"] ?? "";
    const origins = environment["PROMPTSTUDIO_CORS_ORIGINS"] ?? "";
    const limit = environment["PROMPTSTUDIO_BODY_LIMIT"] ?? "";
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
