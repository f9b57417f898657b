/** The smallest value that fits a JSON Schema: what the echo answers when a prompt promises JSON. */

import { BOUNDS } from "../errors";
import type { Json, JsonObject } from "../values";

const WORD = "echo";

/** An instance of the schema, with every property; null only where nothing else is allowed. */
export function smallest(schema: JsonObject): Json {
  if (schema["const"] !== undefined) return schema["const"];
  const { enum: values, anyOf: forms } = schema;
  if (Array.isArray(values) && values.length > 0) return values.find((value) => value !== null) ?? null;
  if (Array.isArray(forms) && forms.length > 0) return smallest(merged(schema, forms));
  return ofType(typeOf(schema), schema);
}

/** The first form that is not null, with the keywords that stand beside anyOf. */
function merged({ anyOf: _, ...schema }: JsonObject, forms: readonly Json[]): JsonObject {
  return { ...schema, ...(forms.filter(isObject).find((form) => typeOf(form) !== "null") ?? { type: "null" }) };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(schema: JsonObject): string {
  const { type } = schema;
  const named = Array.isArray(type) ? (type.find((name) => name !== "null") ?? "null") : type;
  if (typeof named === "string") return named;
  if ("properties" in schema) return "object";
  return "items" in schema ? "array" : "string";
}

function ofType(name: string, schema: JsonObject): Json {
  switch (name) {
    case "object":
      return objectOf(schema);
    case "array": {
      const item = isObject(schema["items"]) ? smallest(schema["items"]) : WORD;
      return Array.from({ length: bound(schema, "minItems", 0) }, () => item);
    }
    case "string":
      return stringOf(schema);
    case "integer":
    case "number":
      return numberOf(name, schema);
    default:
      return name === "boolean" ? false : null;
  }
}

function objectOf(schema: JsonObject): Json {
  const { properties, required, additionalProperties: others } = schema;
  const instance = new Map<string, Json>();
  for (const [name, property] of isObject(properties) ? Object.entries(properties) : []) {
    instance.set(name, isObject(property) ? smallest(property) : WORD);
  }
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name !== "string" || instance.has(name)) continue;
    instance.set(name, isObject(others) ? smallest(others) : WORD);
  }
  return Object.fromEntries(instance);
}

function stringOf(schema: JsonObject): string {
  const least = bound(schema, "minLength", 0);
  const most = bound(schema, "maxLength", Math.max(least, WORD.length));
  const length = Math.max(least, Math.min(WORD.length, most));
  return WORD.repeat(Math.ceil(length / WORD.length)).slice(0, length);
}

/** A length that the schema names, within what an echo is worth. */
function bound(schema: JsonObject, keyword: string, otherwise: number): number {
  const value = schema[keyword];
  return typeof value === "number" ? Math.min(Math.trunc(value), BOUNDS.echo_length) : otherwise;
}

function numberOf(name: string, schema: JsonObject): number {
  const { minimum, maximum } = schema;
  if (typeof minimum === "number") return name === "integer" ? Math.ceil(minimum) : minimum;
  if (typeof maximum === "number" && maximum < 0) return name === "integer" ? Math.floor(maximum) : maximum;
  return 0;
}
