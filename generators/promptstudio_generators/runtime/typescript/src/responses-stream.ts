/** What OpenAI's Responses API answers: the response object, and the events that stream it. */

import type { AppError } from "./errors";
import type { OutputFormat } from "./providers/base";
import { errorMessage } from "./responses";
import type { ResponsesRequest } from "./responses";
import type { Outcome, Run } from "./run";
import { encode } from "./sse";
import type { Frames } from "./stream";

const INCOMPLETE: ReadonlyMap<string, string> = new Map([
  ["length", "max_output_tokens"],
  ["content_filter", "content_filter"],
]);

/** The body of a 200. */
export function responseBody(run: Run, request: ResponsesRequest, outcome: Outcome): string {
  return JSON.stringify(concluded(run, request, outcome, now()));
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function concluded(run: Run, request: ResponsesRequest, outcome: Outcome, createdAt: number) {
  const reason = INCOMPLETE.get(outcome.finishReason);
  const status = reason === undefined ? "completed" : "incomplete";
  return {
    ...responseOf(run, request, status, createdAt),
    incomplete_details: reason === undefined ? null : { reason },
    output: [itemOf(run, status, [partOf(outcome.text)])],
    usage: {
      input_tokens: outcome.usage.input,
      input_tokens_details: {
        cached_tokens: outcome.usage.cached,
        cache_write_tokens: outcome.usage.cacheWrite,
      },
      output_tokens: outcome.usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: outcome.usage.input + outcome.usage.output,
    },
  };
}

/** A response object without output. */
function responseOf(run: Run, request: ResponsesRequest, status: string, createdAt: number) {
  const { config, model, number, output } = run.version;
  return {
    id: `resp_${run.id}`,
    object: "response",
    created_at: createdAt,
    status,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: config["max_tokens"] ?? null,
    metadata: request.metadata,
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt: { id: request.prompt, version: String(number), variables: request.variables },
    reasoning: { effort: config["reasoning_effort"] ?? null, summary: null },
    store: false,
    temperature: config["temperature"] ?? null,
    text: { format: formatOf(output, request.outputName) },
    tool_choice: "auto",
    tools: [],
    top_p: config["top_p"] ?? null,
    truncation: "disabled",
    usage: null,
    user: request.user ?? null,
  };
}

function formatOf(output: OutputFormat, name: string) {
  if (output.format === "text") return { type: "text" };
  const schema = output.wireSchema ?? output.schema;
  if (schema === undefined) return { type: "json_object" };
  return { type: "json_schema", name, schema, strict: output.strict };
}

function itemOf(run: Run, status: string, content: readonly object[]) {
  return { id: `msg_${run.id}`, type: "message", status, role: "assistant", content };
}

function partOf(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

/** The events of a streamed response, numbered from 0. */
export class ResponseFrames implements Frames {
  private readonly createdAt = now();
  private readonly place: object;
  private sequence = 0;

  constructor(
    private readonly run: Run,
    private readonly request: ResponsesRequest,
  ) {
    this.place = { item_id: `msg_${run.id}`, output_index: 0, content_index: 0 };
  }

  start(): string {
    const response = responseOf(this.run, this.request, "in_progress", this.createdAt);
    return (
      this.event("response.created", { response }) +
      this.event("response.in_progress", { response }) +
      this.event("response.output_item.added", {
        output_index: 0,
        item: itemOf(this.run, "in_progress", []),
      }) +
      this.event("response.content_part.added", { ...this.place, part: partOf("") })
    );
  }

  delta(text: string): string {
    return this.event("response.output_text.delta", { ...this.place, delta: text, logprobs: [] });
  }

  done(outcome: Outcome): string {
    const response = concluded(this.run, this.request, outcome, this.createdAt);
    const part = partOf(outcome.text);
    const item = itemOf(this.run, response.status, [part]);
    return (
      this.event("response.output_text.done", { ...this.place, text: outcome.text, logprobs: [] }) +
      this.event("response.content_part.done", { ...this.place, part }) +
      this.event("response.output_item.done", { output_index: 0, item }) +
      this.event(`response.${response.status}`, { response })
    );
  }

  error(error: AppError): string {
    const response = responseOf(this.run, this.request, "failed", this.createdAt);
    // OpenAI's own list of codes has no other that fits: typed clients know no more.
    const told = { code: "server_error", message: errorMessage(error) };
    return this.event("response.failed", { response: { ...response, error: told } });
  }

  private event(type: string, members: object): string {
    const data = JSON.stringify({ type, sequence_number: this.sequence, ...members });
    this.sequence += 1;
    return encode(type, data);
  }
}
