/** The Endpoint Protocol as one fetch handler: routes, and the stages that a request passes. */

import { RunFrames, runBody } from "./answer";
import { loadBundle } from "./bundle";
import type { Bundle } from "./bundle";
import { corsHeaders, isPreflight, preflightHeaders } from "./cors";
import { DOCUMENT_PATHS, documentWriter } from "./documents";
import { AppError } from "./errors";
import { Exchange, serverTiming } from "./exchange";
import { settingsReader } from "./host";
import type { Environment, Host, Settings } from "./host";
import type { KeyRing } from "./keys";
import { asAppError, problemBody, problemHeaders, PROBLEM_TYPE } from "./problems";
import { readJson, readRun } from "./request";
import { errorBody, overridden, readResponses, renderMessages } from "./responses";
import { responseBody, ResponseFrames } from "./responses-stream";
import { complete, prepare, render } from "./run";
import type { Outcome, Run } from "./run";
import { frameStream } from "./stream";
import type { Frames } from "./stream";
import { Transport } from "./transport";
import type { JsonObject } from "./values";

const JSON_TYPE = "application/json";
const PATH = /^[^:]+:\/\/[^/?#]*([^?#]*)/;
const RUN_PATH = /^\/v1\/prompts\/([^/]+)\/run$/;
const RESPONSES = "/v1/responses";
const HEALTH = "/health";

export type Handler<Env extends Environment = Environment> = (
  request: Request,
  environment: Env,
  signal?: AbortSignal,
) => Promise<Response>;

/** A handler that serves a bundle. The environment comes with each request: secrets may change while the
 * code stays loaded. The signal aborts when the client has gone; a cloud that ends a run by itself then
 * needs to give none. */
export function createEndpoint<Env extends Environment>(host: Host<Env>): Handler<Env> {
  const endpoint = new Endpoint(host);
  return (request, environment, signal) => endpoint.answer(request, environment, signal);
}

class Endpoint<Env extends Environment> {
  private readonly bundle: Bundle;
  private readonly documentAt: (path: string) => string;
  private readonly readSettings = settingsReader();

  constructor(host: Host<Env>) {
    this.bundle = loadBundle(host.bundle);
    this.documentAt = documentWriter(this.bundle, host.openapi);
  }

  async answer(request: Request, environment: Env, signal?: AbortSignal): Promise<Response> {
    const exchange = new Exchange(request, signal);
    const path = pathOf(request.url);
    try {
      return await this.serve(exchange, path, this.readSettings(environment), new Transport(environment));
    } catch (error) {
      if (signal?.aborted) return exchange.answerEmpty({}); // nobody is there to be told
      return refuse(exchange, path, asAppError(error, exchange.id));
    }
  }

  private async serve(
    exchange: Exchange,
    path: string,
    settings: Settings,
    transport: Transport,
  ): Promise<Response> {
    const { request } = exchange;
    const name = RUN_PATH.exec(path)?.[1];
    const allowed = methodOf(path, name);
    exchange.extraHeaders = corsHeaders(request.headers, settings.corsOrigins);
    if (request.method !== allowed) {
      if (isPreflight(request, settings.corsOrigins)) return exchange.answerEmpty(preflightHeaders(allowed));
      exchange.extraHeaders = { ...exchange.extraHeaders, Allow: allowed };
      throw new AppError("method_not_allowed", { methods: allowed });
    }
    if (path !== HEALTH) await authorize(request.headers, settings.keys);
    if (allowed === "GET") return exchange.answer(200, JSON_TYPE, this.documentAt(path));
    const data = await exchange.body(settings.bodyLimit);
    const body = readJson(request.headers.get("content-type"), data);
    return name === undefined
      ? this.respond(exchange, transport, body)
      : this.run(exchange, transport, body, name);
  }

  private run(exchange: Exchange, transport: Transport, body: JsonObject, name: string): Promise<Response> {
    const request = readRun(body);
    const [prompt, version] = this.bundle.resolve(name, request.version, request.label);
    const messages = render(version, request.variables, "/variables", request.messages);
    const stream = request.stream ?? prefersStream(exchange.request.headers);
    const run = prepare(prompt, version, messages, { stream, user: request.user });
    return stream
      ? streamed(exchange, transport, run, new RunFrames(run, exchange.id))
      : completed(exchange, transport, run, (outcome) => runBody(run, outcome));
  }

  private respond(exchange: Exchange, transport: Transport, body: JsonObject): Promise<Response> {
    const request = readResponses(body);
    const [prompt, named] = this.bundle.resolve(request.prompt, request.version);
    const version = overridden(named, request, this.bundle);
    const messages = renderMessages(version, request);
    const { stream, user, outputName } = request;
    const run = prepare(prompt, version, messages, { stream, user, outputName });
    return stream
      ? streamed(exchange, transport, run, new ResponseFrames(run, request))
      : completed(exchange, transport, run, (outcome) => responseBody(run, request, outcome));
  }
}

/** A URL's path with its percent-encoding undone; bytes that are no UTF-8 become U+FFFD. A request's URL is
 * already normalised: to parse it once more costs as much as to route it. */
function pathOf(url: string): string {
  const pathname = PATH.exec(url)?.[1] ?? "";
  if (!pathname.includes("%")) return pathname;
  return pathname.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    const bytes = escapes.slice(1).split("%");
    return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (digits) => Number.parseInt(digits, 16)),
    );
  });
}

/** The one method that a path answers; throws AppError route_unknown. */
function methodOf(path: string, name: string | undefined): "GET" | "POST" {
  if (name !== undefined || path === RESPONSES) return "POST";
  if (DOCUMENT_PATHS.has(path)) return "GET";
  throw new AppError("route_unknown");
}

async function authorize(headers: Headers, keys: KeyRing): Promise<void> {
  const authorization = headers.get("authorization") ?? "";
  const key = authorization.slice(7).trim();
  if (key === "" || authorization.slice(0, 7).toLowerCase() !== "bearer ") {
    throw new AppError("key_missing");
  }
  if (!keys.remembers(key) && !(await keys.holds(key))) throw new AppError("key_invalid");
}

function prefersStream(headers: Headers): boolean {
  return headers.get("accept")?.toLowerCase().includes("text/event-stream") ?? false;
}

async function completed(
  exchange: Exchange,
  transport: Transport,
  run: Run,
  bodyOf: (outcome: Outcome) => string,
): Promise<Response> {
  const asked = performance.now();
  const outcome = await complete(run, transport, exchange.signal);
  return exchange.answer(200, JSON_TYPE, bodyOf(outcome), serverTiming(performance.now() - asked));
}

async function streamed(
  exchange: Exchange,
  transport: Transport,
  run: Run,
  frames: Frames,
): Promise<Response> {
  const asked = performance.now();
  const chunks = await transport.stream(run.version.provider, run.request, exchange.signal);
  const body = frameStream(run, chunks, frames, exchange.id);
  return exchange.answerStream(body, serverTiming(performance.now() - asked));
}

function refuse(exchange: Exchange, path: string, error: AppError): Response {
  const headers = problemHeaders(error);
  return path === RESPONSES
    ? exchange.answer(error.status, JSON_TYPE, errorBody(error), headers)
    : exchange.answer(error.status, PROBLEM_TYPE, problemBody(error, exchange.id), headers);
}
