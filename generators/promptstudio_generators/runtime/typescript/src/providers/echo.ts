/** A model without a network: it says what it was asked. Its request is already its answer: the transport
 * hands the body of an echo's request straight back. */

import type { Message } from "../messages";
import { encode } from "../sse";
import type { ServerSentEvent } from "../sse";
import type { JsonObject } from "../values";
import type { Answer, Call, OutputFormat, Provider, ProviderRequest, StreamState, Usage } from "./base";
import { smallest } from "./instance";
import { count, readObject, text } from "./wire";

const NOTICE = "This is an echo: no model was called.\n\n";
const DELTA = /[^ \t\r\n]*[ \t\r\n]+|[^ \t\r\n]+/g;
const BYTES_PER_TOKEN = 4;

const encoder = new TextEncoder();

/** The answer itself: JSON, or for a stream the events that tell it word by word. */
export function buildRequest(call: Call): ProviderRequest {
  const answer = answerTo(call.messages, call.output);
  const counts = { input_tokens: tokens(said(call.messages)), output_tokens: tokens(answer) };
  const body = call.stream ? events(answer, counts) : JSON.stringify({ text: answer, ...counts });
  return { path: "", headers: {}, body };
}

function events(answer: string, counts: JsonObject): string {
  const deltas = (answer.match(DELTA) ?? []).map((delta) => encode("delta", JSON.stringify({ text: delta })));
  return deltas.join("") + encode("done", JSON.stringify(counts));
}

function answerTo(messages: readonly Message[], output: OutputFormat): string {
  if (output.format === "json" && output.schema !== undefined) return JSON.stringify(smallest(output.schema));
  const shown = messages.map((message) => `[${message.role}]\n${shownContent(message)}`).join("\n\n");
  return output.format === "json" ? JSON.stringify({ echo: shown }) : NOTICE + shown;
}

function shownContent({ content }: Message): string {
  let shown = "";
  for (const part of content) {
    if (part.type === "text") shown += part.text;
    if (part.type === "media") shown += `[media: ${part.url}]`;
  }
  return shown;
}

function said(messages: readonly Message[]): string {
  const parts = messages.flatMap(({ content }) => content);
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function tokens(words: string): number {
  return Math.ceil(encoder.encode(words).length / BYTES_PER_TOKEN);
}

/** What buildRequest wrote. */
export function parse(provider: Provider, body: string): Answer {
  const answer = readObject(provider, body);
  return { text: text(answer["text"]), finishReason: "stop", usage: usageOf(answer) };
}

function usageOf(told: JsonObject): Usage {
  const [input, output] = [count(told["input_tokens"]), count(told["output_tokens"])];
  return { input, output, cached: 0, cacheWrite: 0 };
}

/** What buildRequest wrote, event by event. */
export function parseEvent(provider: Provider, event: ServerSentEvent, state: StreamState): string {
  const data = readObject(provider, event.data);
  if (event.event === "done") {
    state.usage = usageOf(data);
    state.done = true;
  }
  return text(data["text"]);
}
