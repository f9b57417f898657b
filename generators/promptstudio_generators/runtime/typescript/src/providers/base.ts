/** What every provider adapter takes and gives. Adapters are pure: the transport alone does I/O. */

import type { Message } from "../messages";
import type { ServerSentEvent } from "../sse";
import type { JsonObject } from "../values";

/** How a model is asked. A provider's type is the API it speaks, but for OpenAI, which speaks two. */
export type Api = "openai" | "openai-chat" | "anthropic" | "echo";

/** Where a provider answers, as the bundle fixes it. `headers` has its names in lower case. */
export interface Provider {
  readonly name: string;
  readonly type: Api;
  readonly baseUrl: string;
  readonly apiKeyEnv: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutS: number;
}

/** What a version promises to answer. `schema` is what we check; `wireSchema` is the form of it that
 * providers accept, and `strict` says whether it may be enforced while the model writes. */
export interface OutputFormat {
  readonly format: string;
  readonly schema: JsonObject | undefined;
  readonly wireSchema: JsonObject | undefined;
  readonly strict: boolean;
}

/** One question to a model. `model` is the provider's own name for it, without our prefix. */
export interface Call {
  readonly provider: Provider;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly config: JsonObject;
  readonly output: OutputFormat;
  readonly stream: boolean;
  readonly user: string | undefined;
  readonly name: string;
}

/** A POST that the transport can send; the provider's key is added there. */
export interface ProviderRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Tokens. `input` counts all of the input: fresh, read from a cache, and written to one. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrite: number;
}

/** A model's whole answer. `usage` is undefined where the provider did not count. */
export interface Answer {
  readonly text: string;
  readonly finishReason: string;
  readonly usage: Usage | undefined;
}

/** What a stream has told so far, apart from its text. `done` is set by its last event. */
export interface StreamState {
  finishReason: string;
  usage: Usage | undefined;
  done: boolean;
}

/** The verbs of a provider's file. All throw AppError: `media_unsupported` from buildRequest;
 * `provider_garbage` or `provider_failed` from the other two. */
export interface Adapter {
  buildRequest(call: Call): ProviderRequest;

  parse(provider: Provider, body: string): Answer;

  /** The text this event adds ("" for none). */
  parseEvent(provider: Provider, event: ServerSentEvent, state: StreamState): string;
}
