/** What OpenAI's Responses API answers: the response object, and the events that stream it. */

import type { AppError } from "./errors";
import type { Form, Frames, Whole } from "./form";
import type { OutputFormat } from "./providers/base";
import { errorMessage } from "./responses";
import type { ResponsesRequest } from "./responses";
import type { Outcome, Run } from "./run";
import { encode } from "./sse";

const INCOMPLETE: ReadonlyMap<string, string> = new Map([
  ["length", "max_output_tokens"],
  ["content_filter", "content_filter"],
]);

/** A response object without output. */
type ResponseStart = ReturnType<typeof responseOf>;
type ResponseObject = ReturnType<typeof concluded>;

export class ResponseForm implements Form {
  private readonly start: ResponseStart;

  constructor(run: Run, request: ResponsesRequest) {
    this.start = responseOf(run, request);
  }

  whole(outcome: Outcome): Whole {
    const response = concluded(this.start, outcome);
    return { body: JSON.stringify(response), text: outcome.text, finished: response.status === "completed" };
  }

  frames(): Frames {
    return new ResponseFrames(this.start);
  }

  replayed(body: string): [Whole, Frames] {
    const response = JSON.parse(body) as ResponseObject;
    const text = response.output[0]?.content[0]?.text ?? "";
    const whole = { body, text, finished: response.status === "completed" };
    const start = { ...response, status: "in_progress", incomplete_details: null, output: [], usage: null };
    return [whole, new ResponseFrames(start)];
  }
}

function responseOf(run: Run, request: ResponsesRequest) {
  const { config, model, number, output } = run.version;
  return {
    id: `resp_${run.id}`,
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    status: "in_progress",
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

/** The same object with its output, each member in its place. */
function concluded(start: ResponseStart, { text, finishReason, usage }: Outcome) {
  const reason = INCOMPLETE.get(finishReason);
  const status = reason === undefined ? "completed" : "incomplete";
  return {
    ...start,
    status,
    incomplete_details: reason === undefined ? null : { reason },
    output: [itemOf(start, status, [partOf(text)])],
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.cacheWrite },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}

/** The response's one message, of the same id but for its prefix. */
function itemOf<Part>({ id }: ResponseStart, status: string, content: readonly Part[]) {
  return { id: id.replace("resp_", "msg_"), type: "message", status, role: "assistant", content };
}

function partOf(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

/** The events of a streamed response, numbered from 0. */
class ResponseFrames implements Frames {
  private readonly place: object;
  private sequence = 0;

  constructor(private readonly response: ResponseStart) {
    this.place = { item_id: itemOf(response, "", []).id, output_index: 0, content_index: 0 };
  }

  start(): string {
    const { response } = this;
    return (
      this.event("response.created", { response }) +
      this.event("response.in_progress", { response }) +
      this.event("response.output_item.added", {
        output_index: 0,
        item: itemOf(response, "in_progress", []),
      }) +
      this.event("response.content_part.added", { ...this.place, part: partOf("") })
    );
  }

  delta(text: string): string {
    return this.event("response.output_text.delta", { ...this.place, delta: text, logprobs: [] });
  }

  done({ body, text, finished }: Whole): string {
    const status = finished ? "completed" : "incomplete";
    const part = partOf(text);
    const item = itemOf(this.response, status, [part]);
    return (
      this.event("response.output_text.done", { ...this.place, text, logprobs: [] }) +
      this.event("response.content_part.done", { ...this.place, part }) +
      this.event("response.output_item.done", { output_index: 0, item }) +
      this.event(`response.${status}`, {}, `,"response":${body}`)
    );
  }

  error(error: AppError): string {
    // OpenAI's own list of codes has no other that fits: typed clients know no more.
    const told = { code: "server_error", message: errorMessage(error) };
    return this.event("response.failed", { response: { ...this.response, status: "failed", error: told } });
  }

  /** `rest` are more members, already written. */
  private event(type: string, members: object, rest = ""): string {
    const data = JSON.stringify({ type, sequence_number: this.sequence, ...members });
    this.sequence += 1;
    return encode(type, `${data.slice(0, -1)}${rest}}`);
  }
}
