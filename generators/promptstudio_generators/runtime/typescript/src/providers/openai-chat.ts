/** OpenAI's Chat Completions API, which many other servers speak too: POST /chat/completions. */

import { AppError } from "../errors";
import type { Message } from "../messages";
import type { ServerSentEvent } from "../sse";
import type { Json, JsonObject } from "../values";
import type { Answer, Call, OutputFormat, Provider, ProviderRequest, StreamState, Usage } from "./base";
import { joinedText, parts, PDF, unsupported } from "./content";
import type { Attachment } from "./content";
import { count, member, objects, readObject, text } from "./wire";

const ROLES: Readonly<Record<string, string>> = { system: "system", user: "user", model: "assistant" };
const FINISH_REASONS = new Map([
  ["length", "length"],
  ["content_filter", "content_filter"],
]);

/** Members in this order: model, messages, settings, response_format, stream, stream_options, the user.
 * OpenAI itself has renamed max_tokens and user; the servers that imitate it know the old names. */
export function buildRequest(call: Call): ProviderRequest {
  const { config } = call;
  const own = call.provider.type === "openai";
  const body = {
    model: call.model,
    messages: call.messages.map((message) => messageOf(call.provider, message)),
    temperature: config["temperature"],
    top_p: config["top_p"],
    max_completion_tokens: own ? config["max_tokens"] : undefined,
    max_tokens: own ? undefined : config["max_tokens"],
    stop: config["stop"],
    seed: config["seed"],
    frequency_penalty: config["frequency_penalty"],
    presence_penalty: config["presence_penalty"],
    reasoning_effort: config["reasoning_effort"],
    response_format: formatOf(call.output, call.name),
    stream: call.stream || undefined,
    stream_options: call.stream ? { include_usage: true } : undefined,
    safety_identifier: own ? call.user : undefined,
    user: own ? undefined : call.user,
  };
  return { path: "/chat/completions", headers: {}, body: JSON.stringify(body) };
}

function messageOf(provider: Provider, message: Message): Json {
  const content = joinedText(message) ?? parts(provider, message).map((part) => partOf(provider, part));
  return { role: ROLES[message.role] ?? message.role, content };
}

function partOf(provider: Provider, part: string | Attachment): Json {
  if (typeof part === "string") return { type: "text", text: part };
  if (part.isImage) return { type: "image_url", image_url: { url: part.url } };
  if (part.contentType !== PDF || part.base64 === undefined) throw unsupported(provider, part);
  return { type: "file", file: { filename: "document.pdf", file_data: part.url } };
}

function formatOf(output: OutputFormat, name: string): Json | undefined {
  if (output.format !== "json") return undefined;
  if (output.wireSchema === undefined) return { type: "json_object" };
  // OpenAI refuses any other schema at the top; the answer is checked here.
  if (!output.strict && output.wireSchema["type"] !== "object") return undefined;
  return { type: "json_schema", json_schema: { name, schema: output.wireSchema, strict: output.strict } };
}

/** The first choice's text; a refusal counts as text, and ends in content_filter. */
export function parse(provider: Provider, body: string): Answer {
  const completion = readObject(provider, body);
  const choice = objects(completion["choices"])[0];
  if (choice === undefined) throw new AppError("provider_garbage", { provider: provider.name });
  const state: StreamState = { finishReason: "stop", usage: undefined, done: true };
  const answer = take(choice, "message", state);
  return { text: answer, finishReason: state.finishReason, usage: usageOf(completion) };
}

/** The text of a choice's message or delta. Its finish reason goes into the state. */
function take(choice: JsonObject, part: string, state: StreamState): string {
  const said = member(choice, part);
  const finishReason = choice["finish_reason"];
  if (typeof finishReason === "string" && state.finishReason === "stop") {
    state.finishReason = FINISH_REASONS.get(finishReason) ?? "stop";
  }
  const refusal = text(said["refusal"]);
  if (refusal !== "") state.finishReason = "content_filter";
  return text(said["content"]) + refusal;
}

function usageOf(completion: JsonObject): Usage | undefined {
  const usage = member(completion, "usage");
  if (Object.keys(usage).length === 0) return undefined;
  const details = member(usage, "prompt_tokens_details");
  return {
    input: count(usage["prompt_tokens"]),
    output: count(usage["completion_tokens"]),
    cached: count(details["cached_tokens"]),
    cacheWrite: count(details["cache_write_tokens"]),
  };
}

/** Deltas of the first choice. Usage comes in a chunk without choices; `[DONE]` ends the answer. */
export function parseEvent(provider: Provider, event: ServerSentEvent, state: StreamState): string {
  if (event.data === "[DONE]") {
    state.done = true;
    return "";
  }
  const chunk = readObject(provider, event.data);
  if ("error" in chunk) throw new AppError("provider_failed", { provider: provider.name });
  state.usage = usageOf(chunk) ?? state.usage;
  const choice = objects(chunk["choices"]).find(({ index }) => count(index) === 0);
  return choice === undefined ? "" : take(choice, "delta", state);
}
