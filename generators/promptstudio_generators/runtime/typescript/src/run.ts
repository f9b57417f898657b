/** A run: variables in, a question to a model, its answer checked and priced. */

import type { Prompt, Version } from "./bundle";
import { costUsd } from "./cost";
import { AppError } from "./errors";
import { newId } from "./exchange";
import type { Message } from "./messages";
import { adapters } from "./providers/index";
import type { Answer, Call, ProviderRequest, Usage } from "./providers/index";
import type { Transport } from "./transport";
import { InvalidJsonError, parse } from "./values";
import type { Json, JsonObject } from "./values";

const BYPASSED: CacheStatus = { status: "bypass" };
const UNCOUNTED: Usage = { input: 0, output: 0, cached: 0, cacheWrite: 0 };

/** What the cache did for a run. `age_s` is in whole seconds. */
export type CacheStatus =
  | { readonly status: "bypass" | "miss" }
  | { readonly status: "exact"; readonly age_s: number };

/** One execution of a prompt's version, up to what its provider is sent. */
export interface Run {
  readonly id: string;
  readonly prompt: string;
  readonly version: Version;
  readonly call: Call;
  readonly request: ProviderRequest;
  readonly cache: CacheStatus;
}

/** A model's answer, checked. `json` is its value where the version promises JSON, else null. */
export interface Outcome {
  readonly text: string;
  readonly json: Json;
  readonly finishReason: string;
  readonly usage: Usage;
  readonly costUsd: string | null;
  readonly cache: CacheStatus;
}

export interface RunOptions {
  readonly stream: boolean;
  readonly user: string | undefined;
  readonly outputName?: string;
}

/** The run that asks a version's model about these messages; throws AppError render_empty without any. */
export function prepare(
  prompt: Prompt,
  version: Version,
  messages: readonly Message[],
  options: RunOptions,
): Run {
  if (messages.length === 0) throw new AppError("render_empty");
  const call: Call = {
    provider: version.provider,
    model: version.wireModel,
    messages,
    config: version.config,
    output: version.output,
    stream: options.stream,
    user: options.user,
    name: options.outputName ?? "output",
  };
  const request = adapters[version.api].buildRequest(call);
  return { id: newId(), prompt: prompt.name, version, call, request, cache: BYPASSED };
}

/** A version's messages; throws AppError render_… or variables_invalid, its errors lying below `pointer`. */
export function render(
  version: Version,
  variables: JsonObject,
  pointer: string,
  history: readonly Message[] = [],
): Message[] {
  const [complete, errors] = version.validator(variables, pointer);
  if (errors.length > 0) throw new AppError("variables_invalid", { errors });
  return version.renderer.render(complete as JsonObject, history);
}

/** Ask the model and wait for its whole answer. */
export async function complete(
  run: Run,
  transport: Transport,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const { provider, api } = run.version;
  const body = await transport.send(provider, run.request, signal);
  return conclude(run, adapters[api].parse(provider, body));
}

/** Check and price an answer; throws AppError output_not_json or output_mismatch. */
export function conclude({ version, cache }: Run, answer: Answer): Outcome {
  return {
    text: answer.text,
    json: version.output.format === "json" ? checkedJson(version, answer.text) : null,
    finishReason: answer.finishReason,
    usage: answer.usage ?? UNCOUNTED,
    costUsd: costUsd(answer.usage, version.price),
    cache,
  };
}

function checkedJson(version: Version, text: string): Json {
  const value = parseOutput(text);
  if (version.outputValidator === undefined) return value;
  const [checked, errors] = version.outputValidator(value, "");
  if (errors.length > 0) throw new AppError("output_mismatch", { errors });
  return checked;
}

function parseOutput(text: string): Json {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidJsonError) throw new AppError("output_not_json");
    throw error;
  }
}
