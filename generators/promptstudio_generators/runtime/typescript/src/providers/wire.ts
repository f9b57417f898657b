/** JSON from providers, read without trust. */

import { AppError } from "../errors";
import type { Json, JsonObject } from "../values";
import type { Provider } from "./base";

/** More than anybody can be sent, so that sums stay exact. */
const COUNTED = 2 ** 40;
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A JSON object; anything else is AppError provider_garbage. */
export function readObject(provider: Provider, data: string): JsonObject {
  const value = parse(data);
  if (!isObject(value) || (SURROGATE_ESCAPE.test(data) && !isWellFormed(value))) {
    throw new AppError("provider_garbage", { provider: provider.name });
  }
  return value;
}

function parse(data: string): Json {
  try {
    return JSON.parse(data) as Json;
  } catch {
    return null; // no object either
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether all strings in it are Unicode: a model's text is passed on as UTF-8. */
function isWellFormed(value: Json): boolean {
  if (typeof value === "string") return !LONE_SURROGATE.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => isWellFormed(name) && isWellFormed(member));
}

/** The object at a name; empty where there is none. */
export function member(value: JsonObject, name: string): JsonObject {
  const found = value[name];
  return isObject(found) ? found : {};
}

/** The objects in a list; empty where there is no list. */
export function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A string; "" where there is none. */
export function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A number of tokens; 0 where there is none to believe. */
export function count(value: Json | undefined): number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= COUNTED ? (value as number) : 0;
}
