/** Anthropic's Messages API: POST /messages (https://platform.claude.com/docs/en/api/messages). */

import { AppError, BOUNDS } from "../errors";
import type { ServerSentEvent } from "../sse";
import type { Json, JsonObject } from "../values";
import type { Answer, Call, Provider, ProviderRequest, StreamState, Usage } from "./base";
import { joinedText, parts, PDF, unsupported } from "./content";
import type { Attachment } from "./content";
import { count, member, objects, readObject, text } from "./wire";

const HEADERS = { "anthropic-version": "2023-06-01" };
const ROLES: Readonly<Record<string, string>> = { user: "user", model: "assistant" };
const FINISH_REASONS = new Map([
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["refusal", "content_filter"],
]);
// Structured outputs refuse a schema that has these; the answer is checked against them here.
const NOT_ENFORCED = new Set(["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"]);

/** Members in this order: model, max_tokens, system, messages, settings, output_config, stream, metadata. */
export function buildRequest(call: Call): ProviderRequest {
  const { config } = call;
  const stop = config["stop"];
  const body = {
    model: call.model,
    max_tokens: config["max_tokens"] ?? BOUNDS.max_tokens_default,
    ...said(call),
    temperature: config["temperature"],
    top_p: config["top_p"],
    stop_sequences: typeof stop === "string" ? [stop] : stop,
    output_config: outputConfig(call),
    stream: call.stream || undefined,
    metadata: call.user === undefined ? undefined : { user_id: call.user },
  };
  return { path: "/messages", headers: HEADERS, body: JSON.stringify(body) };
}

/** System texts leave the conversation. What would be nothing but a system text is the user's. */
function said(call: Call): { system?: string; messages: Json[] } {
  const system: string[] = [];
  const messages: Json[] = [];
  for (const message of call.messages) {
    const content = joinedText(message);
    if (message.role === "system" && content !== undefined) {
      system.push(content);
      continue;
    }
    const blocks = content ?? parts(call.provider, message).map((part) => blockOf(call.provider, part));
    messages.push({ role: ROLES[message.role] ?? message.role, content: blocks });
  }
  const joined = system.join("\n\n");
  if (messages.length === 0) return { messages: [{ role: "user", content: joined }] };
  return system.length > 0 ? { system: joined, messages } : { messages };
}

function blockOf(provider: Provider, part: string | Attachment): Json {
  if (typeof part === "string") return { type: "text", text: part };
  const type = part.isImage ? "image" : "document";
  if (type === "document" && part.contentType !== PDF) throw unsupported(provider, part);
  if (part.base64 !== undefined) {
    return { type, source: { type: "base64", media_type: part.contentType, data: part.base64 } };
  }
  if (part.url.startsWith("data:")) throw unsupported(provider, part);
  return { type, source: { type: "url", url: part.url } };
}

function outputConfig(call: Call): Json | undefined {
  const config: JsonObject = {};
  const { format, wireSchema, strict } = call.output;
  const effort = call.config["reasoning_effort"];
  if (effort !== undefined) config["effort"] = effort;
  if (format === "json" && wireSchema !== undefined && strict) {
    config["format"] = { type: "json_schema", schema: withoutBounds(wireSchema) };
  }
  return Object.keys(config).length > 0 ? config : undefined;
}

/** The schema without its bounds, at every level. Names of properties are not keywords. */
function withoutBounds(schema: Json): Json {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const kept: [string, Json][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (!NOT_ENFORCED.has(keyword)) kept.push([keyword, withoutBoundsBelow(keyword, value)]);
  }
  return Object.fromEntries(kept);
}

function withoutBoundsBelow(keyword: string, value: Json): Json {
  if (keyword === "items") return withoutBounds(value);
  if (keyword === "anyOf" && Array.isArray(value)) return value.map(withoutBounds);
  if (keyword !== "properties" || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, withoutBounds(property)]));
}

/** The text of all text blocks; thinking is left out. */
export function parse(provider: Provider, body: string): Answer {
  const message = readObject(provider, body);
  if (!Array.isArray(message["content"])) throw new AppError("provider_garbage", { provider: provider.name });
  const blocks = objects(message["content"]).filter(({ type }) => type === "text");
  return {
    text: blocks.map((block) => text(block["text"])).join(""),
    finishReason: finishReasonOf(message["stop_reason"]),
    usage: usageOf(message, undefined),
  };
}

function finishReasonOf(stopReason: Json | undefined): string {
  return FINISH_REASONS.get(text(stopReason)) ?? "stop";
}

/** Anthropic counts fresh, cached and written input apart. A stream tells it in two events, the later one
 * with only what has changed. */
function usageOf(message: JsonObject, before: Usage | undefined): Usage | undefined {
  const told = member(message, "usage");
  if (Object.keys(told).length === 0) return before;
  const { input, output, cached, cacheWrite } = before ?? { input: 0, output: 0, cached: 0, cacheWrite: 0 };
  const newer = (name: string, old: number) => (told[name] == null ? old : count(told[name]));
  const fresh = newer("input_tokens", input - cached - cacheWrite);
  const read = newer("cache_read_input_tokens", cached);
  const written = newer("cache_creation_input_tokens", cacheWrite);
  return {
    input: fresh + read + written,
    output: newer("output_tokens", output),
    cached: read,
    cacheWrite: written,
  };
}

/** Text deltas; message_delta tells why the answer ends, message_stop ends it. */
export function parseEvent(provider: Provider, event: ServerSentEvent, state: StreamState): string {
  const data = readObject(provider, event.data);
  switch (data["type"]) {
    case "content_block_delta": {
      const delta = member(data, "delta");
      return delta["type"] === "text_delta" ? text(delta["text"]) : "";
    }
    case "message_start":
      state.usage = usageOf(member(data, "message"), state.usage);
      return "";
    case "message_delta":
      state.finishReason = finishReasonOf(member(data, "delta")["stop_reason"]);
      state.usage = usageOf(data, state.usage);
      return "";
    case "message_stop":
      state.done = true;
      return "";
    case "error":
      throw new AppError("provider_failed", { provider: provider.name });
    default:
      return "";
  }
}
