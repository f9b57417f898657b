/** OpenAI's Responses API, as far as stored prompts need it: the request, and errors in OpenAI's shape.
 *
 * The body's members are described in protocol.json; null counts as absent, as it does at OpenAI. */

import type { Bundle, Version } from "./bundle";
import { AppError, fill } from "./errors";
import type { Message, Part } from "./messages";
import protocol from "./protocol.json";
import type { OutputFormat } from "./providers/base";
import { resolveApi } from "./providers/index";
import { render } from "./run";
import { compileSchema } from "./validate";
import { InvalidJsonError, parse, shown } from "./values";
import type { Json, JsonObject } from "./values";

const validate = compileSchema(protocol.bodies.responses);
const MEMBERS: ReadonlySet<string> = new Set(Object.keys(protocol.bodies.responses.properties));
const ROLES = { user: "user", assistant: "model", system: "system", developer: "system" } as const;
const ERROR_TYPES = new Map([
  [401, "authentication_error"],
  [403, "permission_error"],
  [429, "rate_limit_error"],
]);

/** A body's members, as protocol.json describes them. */
interface ResponsesBody {
  readonly prompt: {
    readonly id: string;
    readonly version?: string | number | null;
    readonly variables?: JsonObject | null;
  };
  readonly input?: string | readonly InputItem[] | null;
  readonly stream?: boolean | null;
  readonly instructions?: string | null;
  readonly model?: string | null;
  readonly text?: { readonly format?: TextFormat | null } | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly max_output_tokens?: number | null;
  readonly reasoning?: { readonly effort?: string | null } | null;
  readonly metadata?: JsonObject | null;
  readonly user?: string | null;
  readonly safety_identifier?: string | null;
  readonly store?: boolean | null;
}

interface InputItem {
  readonly role: keyof typeof ROLES;
  readonly content: string | readonly InputPart[];
}

type InputPart =
  | { readonly type: "input_text" | "output_text"; readonly text: string }
  | { readonly type: "input_image"; readonly image_url: string };

interface TextFormat {
  readonly type: "text" | "json_object" | "json_schema";
  readonly name?: string;
  readonly schema?: JsonObject;
  readonly strict?: boolean | null;
}

/** What a client of OpenAI's asks for. `config` holds our names of the settings it overrides. */
export interface ResponsesRequest {
  readonly prompt: string;
  readonly version: number | undefined;
  readonly variables: JsonObject;
  readonly input: readonly Message[];
  readonly stream: boolean;
  readonly instructions: string | undefined;
  readonly model: string | undefined;
  readonly config: JsonObject;
  readonly output: OutputFormat | undefined;
  readonly outputName: string;
  readonly metadata: JsonObject;
  readonly user: string | undefined;
}

/** The request in a body; throws AppError feature_unsupported or fields_invalid. */
export function readResponses(object: JsonObject): ResponsesRequest {
  const unsupported = Object.keys(object).find((name) => !MEMBERS.has(name));
  if (unsupported !== undefined) throw new AppError("feature_unsupported", { name: unsupported });
  const [, errors] = validate(object, "");
  if (errors.length > 0) throw new AppError("fields_invalid", { errors });
  const body = object as unknown as ResponsesBody;
  if (body.store === true) throw new AppError("feature_unsupported", { name: "store" });
  const format = body.text?.format ?? undefined;
  return {
    prompt: body.prompt.id,
    version: versionOf(body.prompt.version ?? undefined),
    variables: body.prompt.variables ?? {},
    input: messagesOf(body.input ?? []),
    stream: body.stream === true,
    instructions: body.instructions ?? undefined,
    model: body.model ?? undefined,
    config: configOf(body),
    output: outputOf(format),
    outputName: format?.name ?? "output",
    metadata: body.metadata ?? {},
    user: body.safety_identifier ?? body.user ?? undefined,
  };
}

/** OpenAI's version is a number in a string. */
function versionOf(value: string | number | undefined): number | undefined {
  if (typeof value !== "string") return value;
  if (/^[0-9]{1,15}$/.test(value)) return Number(value);
  throw invalid("/prompt/version", "type", value, protocol.type_names.integer);
}

function invalid(pointer: string, check: "type" | "enum", value: Json, expected: string): AppError {
  const message = fill(protocol.checks[check], { value: shown(value), expected });
  return new AppError("fields_invalid", { errors: [{ pointer, message }] });
}

function messagesOf(input: string | readonly InputItem[]): Message[] {
  const items = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
  return items.map(({ role, content }) => {
    const parts = typeof content === "string" ? [text(content)] : content.map(partOf);
    return { role: ROLES[role], content: parts, history: true };
  });
}

function partOf(part: InputPart): Part {
  return part.type === "input_image" ? { type: "media", url: part.image_url } : text(part.text);
}

function text(text: string): Part {
  return { type: "text", text };
}

function configOf(body: ResponsesBody): JsonObject {
  const named = {
    temperature: body.temperature,
    top_p: body.top_p,
    max_tokens: body.max_output_tokens,
    reasoning_effort: body.reasoning?.effort,
  };
  const config: JsonObject = {};
  for (const [name, value] of Object.entries(named)) if (value != null) config[name] = value;
  return config;
}

/** A schema that comes with the request goes to the provider as it is; we check that JSON comes back. */
function outputOf(format: TextFormat | undefined): OutputFormat | undefined {
  if (format === undefined) return undefined;
  const kind = format.type === "text" ? "text" : "json";
  const wireSchema = format.type === "text" ? undefined : format.schema;
  return { format: kind, schema: undefined, wireSchema, strict: kind === "json" && format.strict === true };
}

/** The version with what the request overrides; throws AppError fields_invalid for an unknown model. */
export function overridden(version: Version, request: ResponsesRequest, bundle: Bundle): Version {
  let changed = request.model === undefined ? version : withModel(version, request.model, bundle);
  if (request.output !== undefined) {
    changed = { ...changed, output: request.output, outputValidator: undefined };
  }
  if (Object.keys(request.config).length > 0 || request.model !== undefined) {
    const config = { ...changed.config, ...request.config };
    changed = { ...changed, config, api: resolveApi(changed.provider.type, Object.keys(config)) };
  }
  return changed;
}

function withModel(version: Version, model: string, bundle: Bundle): Version {
  const slash = model.indexOf("/");
  const provider = slash < 0 ? undefined : bundle.providers.get(model.slice(0, slash));
  const wireModel = model.slice(slash + 1);
  if (provider === undefined || wireModel === "") {
    const expected = [...bundle.providers.keys()].sort().map((name) => `${name}/…`);
    throw invalid("/model", "enum", model, expected.join(", "));
  }
  return { ...version, provider, model, wireModel, price: priceOf(model, bundle) };
}

/** Only the bundle's own models have a price at run time. */
function priceOf(model: string, bundle: Bundle): Version["price"] {
  for (const prompt of bundle.prompts.values()) {
    for (const version of prompt.versions.values()) if (version.model === model) return version.price;
  }
  return undefined;
}

/** The instructions, the prompt's messages, then those of `input`. */
export function renderMessages(version: Version, request: ResponsesRequest): Message[] {
  const variables = variablesOf(version.schema, request.variables);
  const messages = [...render(version, variables, "/prompt/variables"), ...request.input];
  if (request.instructions === undefined) return messages;
  return [{ role: "system", content: [text(request.instructions)] }, ...messages];
}

function variablesOf(schema: JsonObject, given: JsonObject): JsonObject {
  const properties = (schema["properties"] ?? {}) as JsonObject;
  const coerced = Object.entries(given).map(([name, value]): [string, Json] => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [name, coercedTo((property ?? {}) as JsonObject, plain(value))];
  });
  return Object.fromEntries(coerced);
}

/** OpenAI's input types as what a template takes: a text, or an image's URL. */
function plain(value: Json): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kind = value["type"];
  if (typeof kind !== "string" || !kind.startsWith("input_")) return value;
  const inner = kind === "input_text" ? value["text"] : kind === "input_image" ? value["image_url"] : null;
  if (typeof inner !== "string") throw new AppError("feature_unsupported", { name: kind });
  return inner;
}

/** A string stands for the JSON in it where the schema wants something else; what it is not stays. */
function coercedTo(schema: JsonObject, value: Json): Json {
  const types = schema["type"] ?? "string";
  if (typeof value !== "string" || types === "string") return value;
  if (Array.isArray(types) && types.includes("string")) return value;
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof InvalidJsonError) return value;
    throw error;
  }
}

/** An error as OpenAI's clients read it. `param` is a path to the first member that is wrong. */
export function errorBody(error: AppError): string {
  const server = error.status >= 500 ? "server_error" : "invalid_request_error";
  return JSON.stringify({
    error: {
      message: errorMessage(error),
      type: ERROR_TYPES.get(error.status) ?? server,
      param: error.errors[0]?.pointer.slice(1).replaceAll("/", ".") ?? null,
      code: error.code,
    },
  });
}

/** The error's text with all findings, as OpenAI's clients show nothing else. */
export function errorMessage(error: AppError): string {
  const findings = error.errors.map(({ pointer, message }) => `${pointer} ${message}`).join("; ");
  return findings === "" ? error.detail : `${error.detail} ${findings}`;
}
