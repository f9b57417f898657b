/** What a run answers: one JSON body, or the frames of an event stream. */

import type { AppError } from "./errors";
import type { Form, Frames, Whole } from "./form";
import { problemBody } from "./problems";
import type { Outcome, Run } from "./run";

/** What a stream begins with, and a body too. */
interface Identity {
  readonly id: string;
  readonly prompt: string;
  readonly version: number;
  readonly model: string;
}

/** As much of a 200's body as is read again. */
interface Body extends Identity {
  readonly output: { readonly text: string };
  readonly finish_reason: string;
}

export class RunForm implements Form {
  constructor(
    private readonly run: Run,
    private readonly requestId: string,
  ) {}

  whole(outcome: Outcome): Whole {
    const { text, finishReason } = outcome;
    return { body: bodyOf(this.run, outcome), text, finished: finishReason === "stop" };
  }

  frames(): Frames {
    return new RunFrames(identityOf(this.run), this.requestId);
  }

  replayed(body: string): [Whole, Frames] {
    const { id, prompt, version, model, output, finish_reason: reason } = JSON.parse(body) as Body;
    const whole = { body, text: output.text, finished: reason === "stop" };
    return [whole, new RunFrames({ id, prompt, version, model }, this.requestId)];
  }
}

/** The body of a 200, its members in the protocol's order. */
function bodyOf(run: Run, outcome: Outcome): string {
  const { text, json, usage } = outcome;
  return JSON.stringify({
    ...identityOf(run),
    output: run.version.output.format === "json" ? { type: "json", json, text } : { type: "text", text },
    finish_reason: outcome.finishReason,
    usage: { input_tokens: usage.input, output_tokens: usage.output, cached_tokens: usage.cached },
    cost_usd: outcome.costUsd,
    cache: outcome.cache,
  });
}

function identityOf(run: Run): Identity {
  return {
    id: `run_${run.id}`,
    prompt: run.prompt,
    version: run.version.number,
    model: run.version.model,
  };
}

/** The frames of a streamed run: `start`, `delta`…, then `done` or `error`. */
class RunFrames implements Frames {
  constructor(
    private readonly identity: Identity,
    private readonly requestId: string,
  ) {}

  start(): string {
    return `event: start\ndata: ${JSON.stringify(this.identity)}\n\n`;
  }

  delta(text: string): string {
    return `event: delta\ndata: {"text":${JSON.stringify(text)}}\n\n`;
  }

  done({ body }: Whole): string {
    return `event: done\ndata: ${body}\n\n`;
  }

  error(error: AppError): string {
    return `event: error\ndata: ${problemBody(error, this.requestId)}\n\n`;
  }
}
