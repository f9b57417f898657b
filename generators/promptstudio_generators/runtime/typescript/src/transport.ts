/** The only place that calls a model: fetch, with our own timers and retries. */

import { AppError, BOUNDS } from "./errors";
import type { Environment } from "./host";
import protocol from "./protocol.json";
import { keyHeaders } from "./providers/index";
import type { Provider, ProviderRequest } from "./providers/index";
import { retryAfterS, waitMs } from "./retry";

const RETRIED: ReadonlySet<number> = new Set(protocol.provider_retried);

const HEADERS = {
  "Content-Type": "application/json",
  "Accept-Encoding": "identity", // what is compressed comes late, block by block
  "User-Agent": "promptstudio",
};

const encoder = new TextEncoder();

/** What tests replace. */
export interface World {
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

const WORLD: World = {
  // Workers' fetch refuses to be called as another object's method.
  fetch: (input, init) => fetch(input, init),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  now: () => Date.now(),
  random: () => Math.random(),
};

/** Sends requests to providers. Keys are read from the environment, and go nowhere but into a header.
 *
 * Every failure is an AppError: provider_key_missing, provider_busy, provider_status, provider_unreachable,
 * provider_timeout, provider_garbage or provider_truncated. When the caller's signal aborts, its reason is
 * thrown. A provider's `timeoutS` bounds the wait for its first byte, every silence after, and a body that is
 * not streamed as a whole. */
export class Transport {
  constructor(
    private readonly environment: Environment,
    private readonly world: World = WORLD,
  ) {}

  /** The whole body of the provider's 2xx answer. An echo's request is its answer. */
  async send(provider: Provider, request: ProviderRequest, signal: AbortSignal): Promise<string> {
    if (provider.type === "echo") return request.body;
    const watch = new Watch(provider, signal);
    try {
      const text = await readWhole(provider, await this.open(provider, request, watch), watch);
      watch.end();
      return text;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** The same body as it comes: resolves once the provider has answered 2xx. The provider is read only as fast
   * as chunks are asked for; `return`, or an abort, closes its connection. */
  async stream(
    provider: Provider,
    request: ProviderRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterableIterator<Uint8Array>> {
    if (provider.type === "echo") return once(encoder.encode(request.body));
    const watch = new Watch(provider, signal);
    try {
      return new Chunks(provider, await this.open(provider, request, watch), watch);
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** A 2xx response, its body unread, after as many attempts as it may take. */
  private async open(provider: Provider, request: ProviderRequest, watch: Watch): Promise<Response> {
    const init: RequestInit = {
      method: "POST",
      headers: this.headers(provider, request),
      body: request.body,
      redirect: "manual",
      signal: watch.signal,
    };
    const url = provider.baseUrl.replace(/\/+$/, "") + request.path;
    for (let attempt = 1; ; attempt += 1) {
      watch.restart();
      const outcome = await this.attempt(provider, url, init, watch);
      if (outcome instanceof Response) return outcome;
      const wait = waitMs(attempt, outcome.retryAfter, this.world.random());
      if (wait === undefined) throw outcome;
      watch.pause();
      await this.world.sleep(wait);
      watch.check();
    }
  }

  /** A 2xx response, or an error after which another attempt makes sense. Other errors are thrown. */
  private async attempt(
    provider: Provider,
    url: string,
    init: RequestInit,
    watch: Watch,
  ): Promise<Response | AppError> {
    let response: Response;
    try {
      response = await this.world.fetch(url, init);
    } catch {
      watch.check();
      return new AppError("provider_unreachable", { provider: provider.name });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    if (status < 500 && !RETRIED.has(status)) {
      throw new AppError("provider_status", { provider: provider.name, status });
    }
    const retryAfter = retryAfterS(response.headers.get("retry-after"), this.world.now());
    return new AppError("provider_busy", { provider: provider.name, status, retryAfter });
  }

  private headers(provider: Provider, request: ProviderRequest): Headers {
    const headers = new Headers(HEADERS);
    for (const [name, value] of Object.entries({ ...request.headers, ...provider.headers })) {
      headers.set(name, value);
    }
    if (provider.apiKeyEnv !== undefined) {
      const key = this.environment[provider.apiKeyEnv]?.trim();
      if (!key) {
        throw new AppError("provider_key_missing", { provider: provider.name, env: provider.apiKeyEnv });
      }
      const [header, prefix] = keyHeaders[provider.type];
      headers.set(header, prefix + key);
    }
    return headers;
  }
}

/** A call's clock: it aborts when the provider is silent for too long, or the caller is gone. */
class Watch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private late = false;

  constructor(
    private readonly provider: Provider,
    private readonly caller: AbortSignal,
  ) {
    caller.throwIfAborted();
    caller.addEventListener("abort", this.abort);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(): void {
    this.pause();
    this.timer = setTimeout(() => {
      this.late = true;
      this.abort();
    }, this.provider.timeoutS * 1000);
  }

  pause(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
  }

  /** Throws if the call was aborted: the caller's reason, or AppError provider_timeout. */
  check(): void {
    this.caller.throwIfAborted();
    if (this.late) throw new AppError("provider_timeout", { provider: this.provider.name });
  }

  /** Stop watching an answer that has come whole. */
  end(): void {
    this.pause();
    this.caller.removeEventListener("abort", this.abort);
  }

  /** Stop watching, and close what is still open. */
  close(): void {
    this.end();
    this.abort();
  }

  private readonly abort = (): void => this.controller.abort();
}

/** The chunks of a response's body. */
class Chunks implements AsyncIterableIterator<Uint8Array> {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  private size = 0;

  constructor(
    private readonly provider: Provider,
    response: Response,
    private readonly watch: Watch,
  ) {
    this.reader = response.body?.getReader();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.watch.restart();
    const value = await this.read();
    this.watch.pause();
    return value === undefined ? this.return() : { done: false, value };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.watch.close();
    return { done: true, value: undefined };
  }

  /** The next chunk; undefined at the end. */
  async read(): Promise<Uint8Array | undefined> {
    const chunk = await this.readAny();
    this.size += chunk?.byteLength ?? 0;
    if (this.size > BOUNDS.provider_answer_bytes) {
      throw new AppError("provider_garbage", { provider: this.provider.name });
    }
    return chunk;
  }

  private async readAny(): Promise<Uint8Array | undefined> {
    return (await unbroken(this.provider, this.watch, async () => this.reader?.read()))?.value;
  }
}

async function* once(chunk: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield chunk;
}

/** The body as one text. Where its length is declared it is read in one go: each read of a stream costs a
 * Worker a turn of its event loop. */
async function readWhole(provider: Provider, response: Response, watch: Watch): Promise<string> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // a byte order mark is not JSON
  const declared = Number(response.headers.get("content-length") ?? Infinity);
  if (declared <= BOUNDS.provider_answer_bytes) {
    const body = await unbroken(provider, watch, () => response.arrayBuffer());
    return decode(provider, () => utf8.decode(body));
  }
  const chunks = new Chunks(provider, response, watch);
  let text = "";
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
    text += decode(provider, () => utf8.decode(chunk, { stream: true }));
  }
  return text + decode(provider, () => utf8.decode());
}

/** What a read gives; AppError provider_timeout or provider_truncated where it fails. */
async function unbroken<T>(provider: Provider, watch: Watch, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    watch.check();
    throw new AppError("provider_truncated", { provider: provider.name });
  }
}

function decode(provider: Provider, step: () => string): string {
  try {
    return step();
  } catch {
    throw new AppError("provider_garbage", { provider: provider.name }); // not UTF-8
  }
}
