/** The only place that calls a model: fetch, with our own timers and retries. */

import { readBounded } from "./body";
import { AppError, BOUNDS } from "./errors";
import { textOf } from "./host";
import type { Environment } from "./host";
import protocol from "./protocol.json";
import { keyHeaders } from "./providers/index";
import type { Provider, ProviderRequest } from "./providers/index";
import { retryAfterS, waitMs } from "./retry";

const RETRIED: ReadonlySet<number> = new Set(protocol.provider_retried);

const HEADERS = {
  "content-type": "application/json",
  "accept-encoding": "identity", // what is compressed comes late, block by block
  "user-agent": "promptstudio",
};

const encoder = new TextEncoder();

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // a byte order mark is not JSON

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
  async send(
    provider: Provider,
    request: ProviderRequest,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    if (provider.type === "echo") return request.body;
    const watch = new WholeWatch(provider, signal);
    return readWhole(provider, await this.open(provider, request, watch), watch);
  }

  /** The same body as it comes: resolves once the provider has answered 2xx. The provider is read only as fast
   * as chunks are asked for; `return`, or an abort, closes its connection. */
  async stream(
    provider: Provider,
    request: ProviderRequest,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterableIterator<Uint8Array>> {
    if (provider.type === "echo") return once(encoder.encode(request.body));
    const watch = new StreamWatch(provider, signal);
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
    };
    const url = provider.baseUrl.replace(/\/+$/, "") + request.path;
    for (let attempt = 1; ; attempt += 1) {
      init.signal = watch.start();
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

  /** Plain, with names in lower case: a Headers object would be one more that the fetch has to copy. */
  private headers(provider: Provider, request: ProviderRequest): Record<string, string> {
    const headers = { ...HEADERS, ...request.headers, ...provider.headers };
    if (provider.apiKeyEnv === undefined) return headers;
    const key = textOf(this.environment, provider.apiKeyEnv).trim();
    if (key === "") {
      throw new AppError("provider_key_missing", { provider: provider.name, env: provider.apiKeyEnv });
    }
    const [header, prefix] = keyHeaders[provider.type];
    return { ...headers, [header]: prefix + key };
  }
}

/** A call's clock: it aborts when the provider is silent for too long, or the caller is gone. */
interface Watch {
  /** The signal for an attempt that begins now. */
  start(): AbortSignal;

  /** Let time pass. */
  pause(): void;

  /** Throws if the call was aborted: the caller's reason, or AppError provider_timeout. */
  check(): void;
}

/** Bounds an answer as a whole. The platform's own timer costs less than one that has to be cleared. */
class WholeWatch implements Watch {
  private limit: AbortSignal | undefined;

  constructor(
    private readonly provider: Provider,
    private readonly caller: AbortSignal | undefined,
  ) {
    caller?.throwIfAborted();
  }

  start(): AbortSignal {
    this.limit = AbortSignal.timeout(this.provider.timeoutS * 1000);
    return this.caller === undefined ? this.limit : AbortSignal.any([this.caller, this.limit]);
  }

  pause(): void {
    this.limit = undefined;
  }

  check(): void {
    this.caller?.throwIfAborted();
    if (this.limit?.aborted) throw new AppError("provider_timeout", { provider: this.provider.name });
  }
}

/** Bounds each silence. One timer serves a stream: it is set again only when it has fired, as setting one for
 * each chunk would cost more than the chunk. */
class StreamWatch implements Watch {
  private readonly controller = new AbortController();
  private readonly limitMs: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitsSince: number | undefined;
  private late = false;

  constructor(
    private readonly provider: Provider,
    private readonly caller: AbortSignal | undefined,
  ) {
    caller?.throwIfAborted();
    caller?.addEventListener("abort", this.abort);
    this.limitMs = provider.timeoutS * 1000;
  }

  start(): AbortSignal {
    this.waitsSince = Date.now();
    if (this.timer === undefined) this.setTimer(this.limitMs);
    return this.controller.signal;
  }

  pause(): void {
    this.waitsSince = undefined;
  }

  check(): void {
    this.caller?.throwIfAborted();
    if (this.late) throw new AppError("provider_timeout", { provider: this.provider.name });
  }

  /** Stop watching, and close what is still open. */
  close(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.caller?.removeEventListener("abort", this.abort);
    this.abort();
  }

  private setTimer(ms: number): void {
    this.timer = setTimeout(() => {
      const silence = this.waitsSince === undefined ? 0 : Date.now() - this.waitsSince;
      if (silence < this.limitMs) {
        this.setTimer(this.limitMs - silence);
      } else {
        this.late = true;
        this.abort();
      }
    }, ms);
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
    private readonly watch: StreamWatch,
  ) {
    this.reader = response.body?.getReader();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.watch.start();
    const read = await unbroken(this.provider, this.watch, async () => this.reader?.read());
    this.watch.pause();
    if (read?.value === undefined) return this.return();
    this.size += read.value.byteLength;
    if (this.size > BOUNDS.provider_answer_bytes) throw garbage(this.provider);
    return { done: false, value: read.value };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.watch.close();
    return { done: true, value: undefined };
  }
}

async function* once(chunk: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield chunk;
}

/** The body as one text. */
async function readWhole(provider: Provider, response: Response, watch: Watch): Promise<string> {
  const body = await unbroken(provider, watch, () => bytesOf(provider, response));
  try {
    return utf8.decode(body);
  } catch {
    throw garbage(provider); // not UTF-8
  }
}

/** Where its length is known the body is read in one go: each read of a stream costs a Worker a turn of its
 * event loop. A compressed body may be longer than it declares. */
async function bytesOf(provider: Provider, response: Response): Promise<ArrayBuffer | Uint8Array> {
  const { headers } = response;
  const declared = Number(headers.get("content-length") ?? Infinity);
  const limit = BOUNDS.provider_answer_bytes;
  if (declared <= limit && !headers.has("content-encoding")) return response.arrayBuffer();
  return readBounded(response.body, limit, () => garbage(provider));
}

function garbage(provider: Provider): AppError {
  return new AppError("provider_garbage", { provider: provider.name });
}

/** What a read gives; AppError provider_timeout or provider_truncated where it fails. */
async function unbroken<T>(provider: Provider, watch: Watch, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError) throw error;
    watch.check();
    throw new AppError("provider_truncated", { provider: provider.name });
  }
}
