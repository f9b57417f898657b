/**
 * Checks values against JSON Schema, in the subset that protocol.json names as `schema_keywords`.
 *
 * A schema is compiled once into closures. A check takes a value and returns what is wrong with it, each
 * finding with its JSON pointer below that value, or nothing.
 */

import { BOUNDS, fill } from "./errors";
import type { FieldError } from "./errors";
import protocol from "./protocol.json";
import { same, shown } from "./values";
import type { Json, JsonObject } from "./values";

/** The value with its defaults filled in, and what is wrong with it, ordered by pointer. */
export type Validator = (value: Json, pointer: string) => [value: Json, errors: FieldError[]];

export interface SchemaOptions {
  /** The row of protocol.json's `checks` for members that the schema's top level refuses. */
  readonly unknown?: CheckRow;
  /** Drop a null that stands for an optional property which takes no null: so models say "left out". */
  readonly nullIsAbsent?: boolean;
}

type CheckRow = keyof typeof protocol.checks;
type Check = (value: Json) => readonly FieldError[];
type Completion = (value: Json) => Json;
type TypeName = keyof typeof protocol.type_names;

const NOTHING: readonly FieldError[] = [];

export function compileSchema(schema: JsonObject, options: SchemaOptions = {}): Validator {
  const check = compile(schema, options.unknown ?? "unknown_property");
  const complete = completion(schema, options.nullIsAbsent ?? false);
  return (value, pointer) => {
    const whole = complete === undefined ? value : complete(value);
    const findings = check(whole);
    return [whole, findings.length === 0 ? [] : ordered(findings, pointer)];
  };
}

function ordered(findings: readonly FieldError[], pointer: string): FieldError[] {
  return [...findings]
    .sort((left, right) => compareCodePoints(left.pointer, right.pointer))
    .slice(0, BOUNDS.errors_listed)
    .map((finding) => ({ pointer: pointer + finding.pointer, message: finding.message }));
}

/** Strings compare by UTF-16 units, in which surrogates stand before U+E000; by code points they stand last. */
function compareCodePoints(left: string, right: string): number {
  const end = Math.min(left.length, right.length);
  for (let index = 0; index < end; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** All checks of one schema. Where the type is wrong, nothing else is said of the value. */
function compile(schema: JsonObject, unknown: CheckRow = "unknown_property"): Check {
  const checks: Check[] = [];
  for (const [keyword, compileKeyword] of KEYWORDS) {
    const argument = schema[keyword];
    if (argument !== undefined) checks.push(compileKeyword(argument));
  }
  if ("properties" in schema || "required" in schema || "additionalProperties" in schema) {
    checks.push(objectCheck(schema, unknown));
  }
  const rest = all(checks);
  if (schema["type"] === undefined) return rest;
  const typed = typeCheck(schema["type"]);
  if (checks.length === 0) return typed;
  return (value) => {
    const findings = typed(value);
    return findings.length > 0 ? findings : rest(value);
  };
}

function all(checks: readonly Check[]): Check {
  const [first] = checks;
  if (first === undefined) return () => NOTHING;
  return checks.length === 1 ? first : (value) => checks.flatMap((check) => check(value));
}

function typeCheck(names: Json): Check {
  const listed = (Array.isArray(names) ? names : [names]) as TypeName[];
  const expected = [...listed]
    .sort((left, right) => Number(left === "null") - Number(right === "null"))
    .map((name) => protocol.type_names[name])
    .join(" or ");
  const tests = listed.map((name) => TYPES[name]);
  const [only] = tests;
  const fits = tests.length === 1 && only !== undefined ? only : (value: Json) => tests.some((test) => test(value));
  return (value) => (fits(value) ? NOTHING : finding("type", value, expected));
}

const TYPES: Readonly<Record<TypeName, (value: Json) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  string: (value) => typeof value === "string",
  array: (value) => Array.isArray(value),
  object: isObject,
};

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function finding(row: CheckRow, value: Json, expected: string): FieldError[] {
  return [{ pointer: "", message: fill(protocol.checks[row], { value: shown(value), expected }) }];
}

function enumCheck(members: Json): Check {
  const allowed = members as Json[];
  const scalars = new Set<Json>(allowed.filter((member) => typeof member !== "object"));
  const others = allowed.filter((member) => typeof member === "object");
  const expected = allowed
    .map((member) => (typeof member === "string" ? member : JSON.stringify(member)))
    .join(", ");
  return (value) =>
    scalars.has(value) || others.some((other) => same(value, other))
      ? NOTHING
      : finding("enum", value, expected);
}

function constCheck(constant: Json): Check {
  const expected = JSON.stringify(constant);
  return (value) => (same(value, constant) ? NOTHING : finding("const", value, expected));
}

function rangeCheck(row: CheckRow, fails: (value: number, limit: number) => boolean) {
  return (limit: Json): Check => {
    const expected = JSON.stringify(limit);
    return (value) =>
      typeof value === "number" && fails(value, limit as number) ? finding(row, value, expected) : NOTHING;
  };
}

function lengthCheck(
  row: CheckRow,
  lengthOf: (value: Json) => number | undefined,
  fails: (length: number, limit: number) => boolean,
) {
  return (limit: Json): Check => {
    const findings = [{ pointer: "", message: fill(protocol.checks[row], { expected: limit as number }) }];
    return (value) => {
      const length = lengthOf(value);
      return length !== undefined && fails(length, limit as number) ? findings : NOTHING;
    };
  };
}

/** Length in code points. */
function textLength(value: Json): number | undefined {
  if (typeof value !== "string") return undefined;
  let length = value.length;
  for (let index = 0; index < value.length; index++) {
    if ((value.charCodeAt(index) & 0xfc00) === 0xdc00) length--; // the second half of a pair
  }
  return length;
}

function itemCount(value: Json): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}

function itemsCheck(schema: Json): Check {
  const checkItem = compile(schema as JsonObject);
  return (value) => {
    if (!Array.isArray(value)) return NOTHING;
    return value.flatMap((item, index) => below(String(index), checkItem(item)));
  };
}

function anyOfCheck(schemas: Json): Check {
  const branches = (schemas as JsonObject[]).map((schema) => compile(schema));
  return (value) =>
    branches.some((branch) => branch(value).length === 0) ? NOTHING : finding("anyOf", value, "");
}

function below(step: string, findings: readonly FieldError[]): readonly FieldError[] {
  if (findings.length === 0) return findings;
  return findings.map(({ pointer, message }) => ({ pointer: `/${step}${pointer}`, message }));
}

function objectCheck(schema: JsonObject, unknown: CheckRow): Check {
  const members = new Map<string, Check>();
  for (const [name, member] of propertiesOf(schema)) members.set(name, compile(member));
  const others = othersCheck(schema["additionalProperties"] ?? true, unknown);
  const required = (schema["required"] ?? []) as string[];
  return (value) => {
    if (!isObject(value)) return NOTHING;
    const found: FieldError[] = [];
    for (const name of required) {
      if (!Object.hasOwn(value, name)) {
        found.push({ pointer: `/${escaped(name)}`, message: protocol.checks.required });
      }
    }
    for (const name of Object.keys(value)) {
      const findings = (members.get(name) ?? others)(value[name] as Json);
      if (findings.length > 0) found.push(...below(escaped(name), findings));
    }
    return found;
  };
}

function propertiesOf(schema: JsonObject): [name: string, schema: JsonObject][] {
  return Object.entries((schema["properties"] ?? {}) as Record<string, JsonObject>);
}

function othersCheck(additional: Json, unknown: CheckRow): Check {
  if (additional === false) {
    const refused = [{ pointer: "", message: protocol.checks[unknown] }];
    return () => refused;
  }
  return isObject(additional) ? compile(additional) : () => NOTHING;
}

/** The keywords that stand for themselves, in the order in which their findings are listed. */
const KEYWORDS: readonly [keyword: string, compileKeyword: (argument: Json) => Check][] = [
  ["enum", enumCheck],
  ["const", constCheck],
  ["minimum", rangeCheck("minimum", (value, limit) => value < limit)],
  ["maximum", rangeCheck("maximum", (value, limit) => value > limit)],
  ["minLength", lengthCheck("minLength", textLength, (length, limit) => length < limit)],
  ["maxLength", lengthCheck("maxLength", textLength, (length, limit) => length > limit)],
  ["minItems", lengthCheck("minItems", itemCount, (length, limit) => length < limit)],
  ["maxItems", lengthCheck("maxItems", itemCount, (length, limit) => length > limit)],
  ["items", itemsCheck],
  ["anyOf", anyOfCheck],
];

/** A function that fills in defaults (and drops nulls), or undefined where the schema asks for neither.
 * It follows `properties` and `items`; alternatives in `anyOf` are left as they come. */
function completion(schema: JsonObject, nullIsAbsent: boolean): Completion | undefined {
  const properties = propertiesOf(schema);
  const members = new Map<string, Completion>();
  for (const [name, member] of properties) {
    const complete = completion(member, nullIsAbsent);
    if (complete !== undefined) members.set(name, complete);
  }
  const defaults = properties.filter(([, member]) => member["default"] !== undefined);
  const dropped = nullIsAbsent ? nullsDropped(schema) : new Set<string>();
  const items = schema["items"];
  const completeItem = isObject(items ?? null) ? completion(items as JsonObject, nullIsAbsent) : undefined;
  if (members.size + defaults.length + dropped.size === 0 && completeItem === undefined) return undefined;
  return (value) => {
    if (Array.isArray(value)) return completeItem === undefined ? value : value.map(completeItem);
    return isObject(value) ? completed(value, members, defaults, dropped) : value;
  };
}

/** Built from entries: an assignment to `__proto__` would be no ordinary member. */
function completed(
  value: JsonObject,
  members: ReadonlyMap<string, Completion>,
  defaults: readonly [name: string, schema: JsonObject][],
  dropped: ReadonlySet<string>,
): JsonObject {
  const entries = Object.entries(value)
    .filter(([name, member]) => member !== null || !dropped.has(name))
    .map(([name, member]): [string, Json] => [name, members.get(name)?.(member) ?? member]);
  const present = new Set(entries.map(([name]) => name));
  const missing = defaults
    .filter(([name]) => !present.has(name))
    .map(([name, member]): [string, Json] => [name, member["default"] as Json]);
  return Object.fromEntries([...entries, ...missing]);
}

/** The optional properties that take no null themselves. */
function nullsDropped(schema: JsonObject): Set<string> {
  const required = new Set((schema["required"] ?? []) as string[]);
  const optional = propertiesOf(schema).filter(([name]) => !required.has(name));
  return new Set(optional.filter(([, member]) => compile(member)(null).length > 0).map(([name]) => name));
}
