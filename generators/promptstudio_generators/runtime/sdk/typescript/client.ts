/** What all generated clients have in common. */

import { answerOf, located, requestIdOf } from "./answers.js";
import { ConfigurationError } from "./errors.js";
import { open } from "./exchange.js";
import type { Call } from "./exchange.js";
import { limitsOf, settingsOf } from "./settings.js";
import type { EnvironmentNames, Settings } from "./settings.js";
import { RunStream } from "./stream.js";
import type { Answer, ClientOptions, RequestOptions } from "./types.js";
import { Watch } from "./watch.js";

const JSON_TYPE = "application/json";
const STREAM_TYPE = "text/event-stream";

/** Which version of its prompt a call runs unless its options say otherwise. */
export interface Pin {
  readonly version?: number;
  readonly label?: string;
}

/** An answer with what came beside it. The body of `response` has been read. */
export interface WithResponse<Output> {
  readonly answer: Answer<Output>;
  readonly response: Response;
  readonly requestId: string | undefined;
  readonly attempts: number;
}

/** The variables, which may be left out where the prompt needs none; and what else to say of the request. */
export type Arguments<Variables extends object> = {} extends Variables
  ? [variables?: Variables, options?: RequestOptions]
  : [variables: Variables, options?: RequestOptions];

/** A prompt: call it to run it. */
export interface Prompt<Variables extends object, Output> {
  /** Runs the prompt. Rejects with APIError and its children where the run fails, APIConnectionError,
   * APITimeoutError, or the reason of your AbortSignal. */
  (...given: Arguments<Variables>): Promise<Answer<Output>>;

  /** Runs the prompt, and gives its answer as it comes. */
  stream(...given: Arguments<Variables>): RunStream<Output>;

  /** Runs the prompt, and gives its answer with the HTTP response. */
  withResponse(...given: Arguments<Variables>): Promise<WithResponse<Output>>;
}

let settingsIn: (client: PromptClient) => Settings; // so that no prompt's name can clash with it

/** A client of an endpoint. Generated clients have a member for each of their prompts. */
export class PromptClient {
  readonly #options: ClientOptions;
  readonly #settings: Settings;

  static {
    settingsIn = (client) => client.#settings;
  }

  constructor(options: ClientOptions, environment: EnvironmentNames) {
    this.#options = options;
    this.#settings = settingsOf(options, environment);
  }

  /** A client that differs in these options. */
  withOptions(options: ClientOptions): this {
    const Same = this.constructor as new (options: ClientOptions) => this;
    return new Same({ ...this.#options, ...options });
  }
}

/** A client's prompt by its name. */
export function promptOf<Variables extends object, Output>(
  client: PromptClient,
  name: string,
  pin: Pin,
): Prompt<Variables, Output> {
  type Given = Arguments<Variables>;
  const settings = settingsIn(client);
  const callOf = (accept: string, [variables, options = {}]: Given): Call => ({
    path: `/v1/prompts/${name}/run`,
    body: bodyOf(variables ?? {}, options, pin, accept === STREAM_TYPE),
    accept,
    options,
    limits: limitsOf(settings.patience, options),
  });
  const withResponse = async (...given: Given): Promise<WithResponse<Output>> =>
    run(settings, callOf(JSON_TYPE, given));
  const stream = (...given: Given): RunStream<Output> => streamOf(settings, callOf(STREAM_TYPE, given));
  const plain = async (...given: Given): Promise<Answer<Output>> => (await withResponse(...given)).answer;
  return Object.assign(plain, { stream, withResponse });
}

function bodyOf(variables: object, options: RequestOptions, pin: Pin, isStream: boolean): string {
  const { messages, version, label, cache, user, metadata } = options;
  const which = version === undefined && label === undefined ? pin : { version, label };
  const stream = isStream ? true : undefined;
  return JSON.stringify({ variables, stream, messages, ...which, cache, user, metadata }, refuseNonFinite);
}

/** JSON has no such numbers, and JSON.stringify would send null. */
function refuseNonFinite(name: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new ConfigurationError(`${name} is ${value}, which JSON does not have`);
}

async function run<Output>(settings: Settings, call: Call): Promise<WithResponse<Output>> {
  const watch = new Watch(call.options.signal, call.limits.deadlineMs);
  try {
    const { response, attempts } = await open(settings, call, watch);
    const answer = await answerOf<Output>(response, watch).catch((error: unknown) => {
      throw located(error, response, attempts);
    });
    return { answer, response, requestId: requestIdOf(response), attempts };
  } finally {
    watch.close();
  }
}

function streamOf<Output>(settings: Settings, call: Call): RunStream<Output> {
  return new RunStream<Output>({
    watch: () => new Watch(call.options.signal, call.limits.deadlineMs),
    open: (watch) => open(settings, call, watch),
    idleTimeoutMs: call.limits.idleTimeoutMs,
    maxEventBytes: settings.maxEventBytes,
  });
}
