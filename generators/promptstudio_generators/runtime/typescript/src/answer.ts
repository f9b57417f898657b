/** What a run answers: one JSON body, or the frames of an event stream. */

import type { AppError } from "./errors";
import { problemBody } from "./problems";
import type { Outcome, Run } from "./run";
import type { Frames } from "./stream";

/** The body of a 200, its members in the protocol's order. */
export function runBody(run: Run, outcome: Outcome): string {
  const { text, json, usage } = outcome;
  return JSON.stringify({
    ...identity(run),
    output: run.version.output.format === "json" ? { type: "json", json, text } : { type: "text", text },
    finish_reason: outcome.finishReason,
    usage: { input_tokens: usage.input, output_tokens: usage.output, cached_tokens: usage.cached },
    cost_usd: outcome.costUsd,
    cache: { status: "bypass" },
  });
}

function identity(run: Run): Record<string, string | number> {
  return {
    id: `run_${run.id}`,
    prompt: run.prompt,
    version: run.version.number,
    model: run.version.model,
  };
}

/** The frames of a streamed run: `start`, `delta`…, then `done` or `error`. */
export class RunFrames implements Frames {
  constructor(
    private readonly run: Run,
    private readonly requestId: string,
  ) {}

  start(): string {
    return `event: start\ndata: ${JSON.stringify(identity(this.run))}\n\n`;
  }

  delta(text: string): string {
    return `event: delta\ndata: {"text":${JSON.stringify(text)}}\n\n`;
  }

  done(outcome: Outcome): string {
    return `event: done\ndata: ${runBody(this.run, outcome)}\n\n`;
  }

  error(error: AppError): string {
    return `event: error\ndata: ${problemBody(error, this.requestId)}\n\n`;
  }
}
