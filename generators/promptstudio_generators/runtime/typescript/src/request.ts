/** The body of a run, read into what the rest works with. */

import type { CacheUse } from "./answer-cache";
import { AppError, BOUNDS } from "./errors";
import type { Message, Part } from "./messages";
import protocol from "./protocol.json";
import { compileSchema } from "./validate";
import { InvalidJsonError, parse } from "./values";
import type { Json, JsonObject } from "./values";

const validate = compileSchema(protocol.bodies.run, { unknown: "unknown_member" });
const JSON_TYPE = /^[ \t]*application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*("?)utf-8\1[ \t]*)?$/i;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A run's members, as protocol.json describes them. */
interface RunBody {
  readonly variables?: JsonObject;
  readonly stream?: boolean;
  readonly messages?: readonly HistoryMessage[];
  readonly version?: number;
  readonly label?: string;
  readonly cache?: CacheUse;
  readonly user?: string;
}

interface HistoryMessage {
  readonly role: "user" | "model";
  readonly content: string | readonly HistoryPart[];
}

type HistoryPart = { readonly text: string } | { readonly media: { url: string; content_type?: string } };

/** A run as its caller asked for it. Without `stream`, the Accept header decides. */
export interface RunRequest {
  readonly variables: JsonObject;
  readonly stream: boolean | undefined;
  readonly messages: readonly Message[];
  readonly version: number | undefined;
  readonly label: string | undefined;
  readonly cache: CacheUse;
  readonly user: string | undefined;
}

/** The JSON object in a body; throws AppError content_type, body_… or body_not_object. */
export function readJson(contentType: string | null, body: Uint8Array): JsonObject {
  if (contentType !== "application/json" && !JSON_TYPE.test(contentType ?? "")) {
    throw new AppError("content_type");
  }
  const value = parseBody(body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("body_not_object");
  }
  return value;
}

function parseBody(body: Uint8Array): Json {
  try {
    return parse(decode(body));
  } catch (error) {
    if (error instanceof InvalidJsonError) throw new AppError(error.problem, { limit: BOUNDS.json_depth });
    throw error;
  }
}

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new InvalidJsonError("body_not_json"); // it is not UTF-8
  }
}

/** The members of a run's body; throws AppError fields_invalid with all that is wrong with them. */
export function readRun(body: JsonObject): RunRequest {
  const [, errors] = validate(body, "");
  if ("version" in body && "label" in body) {
    const after = errors.filter(({ pointer }) => pointer > "/label");
    const conflict = { pointer: "/label", message: protocol.checks.version_and_label };
    errors.splice(errors.length - after.length, 0, conflict);
  }
  if (errors.length > 0) {
    throw new AppError("fields_invalid", { errors: errors.slice(0, BOUNDS.errors_listed) });
  }
  const { variables = {}, stream, messages = [], version, label, cache = "default", user } = body as RunBody;
  return { variables, stream, messages: messages.map(messageOf), version, label, cache, user };
}

function messageOf({ role, content }: HistoryMessage): Message {
  const parts = typeof content === "string" ? [{ text: content }] : content;
  return { role, content: parts.map(partOf), history: true };
}

function partOf(part: HistoryPart): Part {
  if ("text" in part) return { type: "text", text: part.text };
  return { type: "media", url: part.media.url, contentType: part.media.content_type };
}
