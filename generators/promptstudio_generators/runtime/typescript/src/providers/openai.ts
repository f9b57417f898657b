/** OpenAI's Responses API: POST /responses (https://platform.openai.com/docs/api-reference/responses). */

import { AppError } from "../errors";
import type { Message } from "../messages";
import type { ServerSentEvent } from "../sse";
import type { Json, JsonObject } from "../values";
import type { Answer, Call, OutputFormat, Provider, ProviderRequest, StreamState, Usage } from "./base";
import { joinedText, parts, PDF, unsupported } from "./content";
import type { Attachment } from "./content";
import { count, member, objects, readObject, text } from "./wire";

export const SETTINGS: ReadonlySet<string> = new Set(["temperature", "top_p", "max_tokens", "reasoning_effort"]);

const ROLES: Readonly<Record<string, string>> = { system: "system", user: "user", model: "assistant" };
const FINISH_REASONS = new Map([
  ["max_output_tokens", "length"],
  ["content_filter", "content_filter"],
]);

/** Members in this order: model, input, stream, settings, reasoning, text, safety_identifier, store. */
export function buildRequest(call: Call): ProviderRequest {
  const { config } = call;
  const format = formatOf(call.output, call.name);
  const body = {
    model: call.model,
    input: call.messages.map((message) => inputOf(call.provider, message)),
    stream: call.stream || undefined,
    temperature: config["temperature"],
    top_p: config["top_p"],
    max_output_tokens: config["max_tokens"],
    reasoning: config["reasoning_effort"] === undefined ? undefined : { effort: config["reasoning_effort"] },
    text: format === undefined ? undefined : { format },
    safety_identifier: call.user,
    store: false,
  };
  return { path: "/responses", headers: {}, body: JSON.stringify(body) };
}

function inputOf(provider: Provider, message: Message): Json {
  const content = joinedText(message) ?? parts(provider, message).map((part) => partOf(provider, part));
  return { role: ROLES[message.role] ?? message.role, content };
}

function partOf(provider: Provider, part: string | Attachment): Json {
  if (typeof part === "string") return { type: "input_text", text: part };
  if (part.isImage) return { type: "input_image", image_url: part.url, detail: "auto" };
  if (part.contentType !== PDF) throw unsupported(provider, part);
  if (part.base64 === undefined) return { type: "input_file", file_url: part.url };
  return { type: "input_file", filename: "document.pdf", file_data: part.url };
}

function formatOf(output: OutputFormat, name: string): Json | undefined {
  if (output.format !== "json") return undefined;
  if (output.wireSchema === undefined) return { type: "json_object" };
  // OpenAI refuses any other schema at the top; the answer is checked here.
  if (!output.strict && output.wireSchema["type"] !== "object") return undefined;
  return { type: "json_schema", name, schema: output.wireSchema, strict: output.strict };
}

/** The text of all messages; a refusal counts as text, and ends in content_filter. */
export function parse(provider: Provider, body: string): Answer {
  const response = readObject(provider, body);
  if (!Array.isArray(response["output"])) throw new AppError("provider_garbage", { provider: provider.name });
  let finishReason = finishReasonOf(provider, response);
  let answer = "";
  for (const item of objects(response["output"])) {
    for (const part of item["type"] === "message" ? objects(item["content"]) : []) {
      const refused = part["type"] === "refusal";
      if (refused) finishReason = "content_filter";
      answer += text(part[refused ? "refusal" : "text"]);
    }
  }
  return { text: answer, finishReason, usage: usageOf(response) };
}

/** A server that names no status has finished: compatible ones leave it out. */
function finishReasonOf(provider: Provider, response: JsonObject): string {
  const status = text(response["status"]) || "completed";
  if (status === "incomplete") {
    return FINISH_REASONS.get(text(member(response, "incomplete_details")["reason"])) ?? "stop";
  }
  if (status !== "completed") throw new AppError("provider_failed", { provider: provider.name });
  return "stop";
}

function usageOf(response: JsonObject): Usage | undefined {
  const usage = member(response, "usage");
  if (Object.keys(usage).length === 0) return undefined;
  const details = member(usage, "input_tokens_details");
  return {
    input: count(usage["input_tokens"]),
    output: count(usage["output_tokens"]),
    cached: count(details["cached_tokens"]),
    cacheWrite: count(details["cache_write_tokens"]),
  };
}

/** Deltas of text and of refusals; `response.completed` and `response.incomplete` end the answer. */
export function parseEvent(provider: Provider, event: ServerSentEvent, state: StreamState): string {
  if (event.data === "[DONE]") return "";
  const data = readObject(provider, event.data);
  switch (data["type"]) {
    case "response.output_text.delta":
      return text(data["delta"]);
    case "response.refusal.delta":
      state.finishReason = "content_filter";
      return text(data["delta"]);
    case "response.completed":
    case "response.incomplete":
      finish(provider, member(data, "response"), state);
      return "";
    case "response.failed":
    case "error":
      throw new AppError("provider_failed", { provider: provider.name });
    default:
      if ("error" in data) throw new AppError("provider_failed", { provider: provider.name });
      return "";
  }
}

function finish(provider: Provider, response: JsonObject, state: StreamState): void {
  const finishReason = finishReasonOf(provider, response);
  if (state.finishReason === "stop") state.finishReason = finishReason;
  state.usage = usageOf(response);
  state.done = true;
}
