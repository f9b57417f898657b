/** What a template sees while it is rendered: values, contexts, and the bounds it must keep. */

import { AppError, BOUNDS } from "./errors";
import type { Media, Message, Section } from "./messages";
import { toText } from "./values";
import type { Json, JsonObject } from "./values";

export type Value = Json | undefined;

/** A place between messages: a role begins, or, without one, the history goes here. */
export interface Mark {
  readonly type: "mark";
  readonly role: Message["role"] | undefined;
}

export type Piece = string | Media | Section | Mark;

/** What `this` becomes in the body of a block where it was null or undefined. */
const NO_CONTEXT: JsonObject = {};

const GAP_MAX = 10; // ECMA-262, JSON.stringify: the indentation's length
const HALF_OF_PAIR = /[\ud800-\udfff]/gu;

/** One rendering: what it has printed, and what is left of the bounds. */
export class Run {
  pieces: Piece[] = [];
  private left = BOUNDS.render_characters;
  private loops = BOUNDS.render_loops;
  private depth = BOUNDS.render_depth;

  write(text: string): void {
    this.charge(text.length);
    this.pieces.push(text);
  }

  /** Counts characters, in UTF-16 code units, before they are printed. */
  charge(characters: number): void {
    this.left -= characters;
    if (this.left < 0) throw new AppError("render_size", { limit: BOUNDS.render_characters });
  }

  /** Counts one iteration, or one partial: either can multiply what a template does. */
  loop(): void {
    this.loops -= 1;
    if (this.loops < 0) throw new AppError("render_loops", { limit: BOUNDS.render_loops });
  }

  enter(levels: number): void {
    this.depth -= levels;
    if (this.depth < 0) throw new AppError("render_depth", { limit: BOUNDS.render_depth });
  }

  leave(levels: number): void {
    this.depth += levels;
  }
}

/**
 * What a node sees.
 *
 * `depths` are the contexts that `..` reaches, the first being `context`, but where that is NO_CONTEXT.
 * `data` are the variables written with `@`: of the innermost `each` first, of those around it after.
 */
export class State {
  constructor(
    readonly run: Run,
    readonly context: Value,
    readonly depths: readonly Value[],
    readonly data: readonly JsonObject[],
    readonly parameters: ReadonlyMap<string, Value>,
  ) {}

  /** The state in the body of a block that leaves `this` as it is. */
  inside(): State {
    if (this.context !== null && this.context !== undefined) return this;
    return new State(this.run, NO_CONTEXT, deepened(NO_CONTEXT, this.depths), this.data, this.parameters);
  }
}

/** The contexts that `..` reaches within a block: a context that is the one around it adds no level. */
export function deepened(context: Value, depths: readonly Value[]): readonly Value[] {
  const around = depths[0];
  return context === around || (context === NO_CONTEXT && around === null) ? depths : [context, ...depths];
}

/** Whether a block takes a value for something: an empty array is nothing, an empty object is. */
export function filled(value: Value, zero: boolean): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return Boolean(value) || (zero && value === 0);
}

/** The own property of a value; null has null for all of them. */
export function member(value: Value, name: string): Value {
  if (value === null || value === undefined) return value;
  if (typeof value === "string") return element(value, name);
  return typeof value === "object" && Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
}

/** A string's length, or one of its code units: half of a surrogate pair, no character, becomes U+FFFD. */
function element(text: string, name: string): Value {
  if (name === "length") return text.length;
  return Object.hasOwn(Object(text), name) ? wellFormed(text[Number(name)] as string) : undefined;
}

function wellFormed(text: string): string {
  return text.replace(HALF_OF_PAIR, "\ufffd");
}

/**
 * A partial's context: the own properties of a value, with those added laid over them.
 *
 * What is undefined is left out: it prints and tests as if it were there.
 */
export function merged(value: Value, added: ReadonlyMap<string, Value>): JsonObject {
  const members = new Map<string, Value>(own(value));
  for (const [name, item] of added) members.set(name, item);
  return Object.fromEntries([...members].filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function own(value: Value): [string, Value][] {
  if (typeof value === "string") return value.split("").map((unit, index) => [`${index}`, wellFormed(unit)]);
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** A value as the name of a property. */
export function keyOf(value: Value): string {
  return value === undefined || value === null ? String(value) : toText(value);
}

/** What the helper `json` prints: JSON.stringify, but nothing of what is missing. */
export function jsonOf(value: Value, indent: Value): string {
  if (value === undefined) return "";
  if (typeof indent === "string") return JSON.stringify(value, null, wellFormed(indent.slice(0, GAP_MAX)));
  return JSON.stringify(value, null, typeof indent === "number" ? indent : "");
}
