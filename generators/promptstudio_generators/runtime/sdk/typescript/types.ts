/** What goes over the wire, and what a caller may say of a request. */

/** What one run cost in tokens. `input_tokens` counts all input, what a cache of the provider gave included. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
}

export interface CacheUse {
  readonly status: "miss" | "exact" | "semantic" | "bypass";
  /** How alike the request was to the one that was answered before, from 0 to 1. */
  readonly similarity?: number;
  /** How old the answer is, in seconds. */
  readonly age_s?: number;
}

/** What a prompt gives that answers with text. */
export interface TextOutput {
  readonly type: "text";
  readonly text: string;
}

/** What a prompt gives that answers with JSON: `text` is what the model wrote, `json` what it means. */
export interface JsonOutput<T> {
  readonly type: "json";
  readonly json: T;
  readonly text: string;
}

export type FinishReason = "stop" | "length" | "content_filter";

/** The answer to one run, as it came. */
export interface Answer<Output> {
  readonly id: string;
  readonly prompt: string;
  readonly version: number;
  readonly model: string;
  readonly output: Output;
  readonly finish_reason: FinishReason;
  readonly usage: Usage;
  /** US dollars, as a decimal; null where the price or the usage is unknown. */
  readonly cost_usd: string | null;
  readonly cache: CacheUse;
}

/** A stream has begun. */
export interface StartEvent {
  readonly type: "start";
  readonly id: string;
  readonly prompt: string;
  readonly version: number;
  readonly model: string;
}

/** The model has written so much more. */
export interface DeltaEvent {
  readonly type: "delta";
  readonly text: string;
}

/** The last event: the whole answer. */
export interface DoneEvent<Output> {
  readonly type: "done";
  readonly answer: Answer<Output>;
}

/** An event that this package does not know: a newer server's. */
export interface UnknownEvent {
  readonly type: "unknown";
  /** What the stream calls it; null where it has no name. */
  readonly name: string | null;
  readonly data: string;
}

export type RunEvent<Output> = StartEvent | DeltaEvent | DoneEvent<Output> | UnknownEvent;

export type Part =
  | { readonly text: string }
  | { readonly media: { readonly url: string; readonly content_type?: string | undefined } };

/** What was said before. */
export interface Message {
  readonly role: "user" | "model";
  readonly content: string | readonly Part[];
}

/** Headers by name. Of those that the client sends itself they replace the authorization alone; null takes it
 * away. */
export type HeaderFields = Readonly<Record<string, string | null | undefined>>;

/** How long to wait, and how often to try. */
export interface Patience {
  /** Milliseconds for each attempt, its body included; of a stream, until it begins. 10 minutes unless you say
   * otherwise. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that a stream may be silent. 1 minute unless you say otherwise: endpoints say something every
   * 15 seconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds for everything: all attempts, the waits between them, and a stream to its end. No limit unless
   * you set one. */
  readonly deadlineMs?: number | undefined;
  /** How many times a request is sent again that failed in a way that may pass: 2 unless you say otherwise. */
  readonly maxRetries?: number | undefined;
}

/** What goes with one request, beside the prompt's variables. */
export interface RequestOptions extends Patience {
  /** What was said before; it stands where the prompt has its history. */
  readonly messages?: readonly Message[] | undefined;
  /** A version other than the one that this package was made for. */
  readonly version?: number | undefined;
  /** The version that a label stands at. Not beside `version`. */
  readonly label?: string | undefined;
  readonly cache?: "default" | "bypass" | "refresh" | undefined;
  /** An opaque name of your end user. */
  readonly user?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** One name for one call: a second request with it gives the same answer and is not run again. Made up anew
   * for each call unless you give one. */
  readonly idempotencyKey?: string | undefined;
  readonly headers?: HeaderFields | undefined;
}

/** Takes what happens, with secrets left out. `console` is one. */
export interface Logger {
  debug(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** As much of `fetch` as is needed. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions extends Patience {
  /** Without one the environment's is taken; without that none is sent. */
  readonly apiKey?: string | undefined;
  /** Where the endpoint is: `https://prompts.acme.example`. Without one the environment's is taken. */
  readonly baseUrl?: string | undefined;
  /** Sends requests in the place of the global `fetch`: through a proxy, say. */
  readonly fetch?: Fetch | undefined;
  /** Sent with every request. */
  readonly headers?: HeaderFields | undefined;
  readonly logger?: Logger | undefined;
  /** How many bytes of data an event of a stream may have: 16 MiB unless you say otherwise. */
  readonly maxEventBytes?: number | undefined;
}
