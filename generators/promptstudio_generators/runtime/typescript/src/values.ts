/** JSON values, read and compared so that this runtime and the Python one agree byte for byte. */

import { BOUNDS } from "./errors";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

type JsonProblem = "body_not_json" | "body_bom" | "body_depth" | "body_number" | "body_surrogate";

const GRAVEST_FIRST: readonly JsonProblem[] = ["body_depth", "body_number", "body_surrogate"];
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Text that is not JSON as we take it. `problem` is a row of protocol.json's `problems`. */
export class InvalidJsonError extends Error {
  constructor(readonly problem: JsonProblem) {
    super(problem);
  }
}

/** The value of a JSON text; throws InvalidJsonError. */
export function parse(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new InvalidJsonError(whyNotJson(text));
  }
  const found = new Set<JsonProblem>();
  inspect(value, 1, found);
  const problem = GRAVEST_FIRST.find((row) => found.has(row));
  if (problem !== undefined) throw new InvalidJsonError(problem);
  return value;
}

function whyNotJson(text: string): JsonProblem {
  if (text.startsWith("\ufeff")) return "body_bom";
  return lexicalDepth(text) > BOUNDS.json_depth ? "body_depth" : "body_not_json";
}

function lexicalDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const bracket of text.replace(/"(?:[^"\\]|\\.)*"/gs, "").match(/[[\]{}]/g) ?? []) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Notes what JSON allows and we refuse. */
function inspect(value: Json, depth: number, found: Set<JsonProblem>): void {
  if (typeof value === "string") {
    if (LONE_SURROGATE.test(value)) found.add("body_surrogate");
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) found.add("body_number");
  } else if (typeof value === "object" && value !== null) {
    if (depth > BOUNDS.json_depth) {
      found.add("body_depth");
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      inspect(name, depth, found);
      inspect(member, depth + 1, found);
    }
  }
}

/** How a template prints a value: text as it is, null as nothing, objects and arrays as JSON. */
export function toText(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

/** Deep equality. */
export function same(left: Json | undefined, right: Json | undefined): boolean {
  if (!isContainer(left) || !isContainer(right)) return left === right;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]));
}

function isContainer(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** A value as messages quote it: its JSON text, cut short after so many code points. */
export function shown(value: Json): string {
  const text = JSON.stringify(value);
  const limit = BOUNDS.value_shown_characters;
  const start = Array.from(text.slice(0, 2 * limit + 2));
  return start.length <= limit ? text : `${start.slice(0, limit).join("")}…`;
}
