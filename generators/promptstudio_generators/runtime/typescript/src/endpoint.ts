/** The Endpoint Protocol as one fetch handler: routes, and the stages that a request passes. */

import { RunForm } from "./answer";
import { loadBundle } from "./bundle";
import type { Bundle } from "./bundle";
import { conduct } from "./conduct";
import type { Question } from "./conduct";
import { corsHeaders, isPreflight, preflightHeaders } from "./cors";
import { DOCUMENT_PATHS, documentWriter } from "./documents";
import { AppError } from "./errors";
import { Exchange } from "./exchange";
import { settingsReader } from "./host";
import type { Environment, Host } from "./host";
import type { KeyRing } from "./keys";
import { asAppError, problemBody, problemHeaders, PROBLEM_TYPE } from "./problems";
import { readJson, readRun } from "./request";
import { errorBody, overridden, readResponses, renderMessages } from "./responses";
import { ResponseForm } from "./responses-stream";
import { prepare, render } from "./run";
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

  constructor(private readonly host: Host<Env>) {
    this.bundle = loadBundle(host.bundle);
    if (host.state === undefined && this.bundle.hasLimits()) {
      throw new Error("The bundle has limits, and there is no store to count them in.");
    }
    this.documentAt = documentWriter(this.bundle, host.openapi);
  }

  async answer(request: Request, environment: Env, signal?: AbortSignal): Promise<Response> {
    const exchange = new Exchange(request, signal);
    const path = pathOf(request.url);
    try {
      return await this.serve(exchange, path, environment);
    } catch (error) {
      if (signal?.aborted) return exchange.answerEmpty({}); // nobody is there to be told
      return refuse(exchange, path, asAppError(error, exchange.id));
    }
  }

  private async serve(exchange: Exchange, path: string, environment: Env): Promise<Response> {
    const { request } = exchange;
    const settings = this.readSettings(environment);
    const name = RUN_PATH.exec(path)?.[1];
    const allowed = methodOf(path, name);
    exchange.extraHeaders = corsHeaders(request.headers, settings.corsOrigins);
    if (request.method !== allowed) {
      if (isPreflight(request, settings.corsOrigins)) return exchange.answerEmpty(preflightHeaders(allowed));
      exchange.extraHeaders = { ...exchange.extraHeaders, Allow: allowed };
      throw new AppError("method_not_allowed", { methods: allowed });
    }
    const key = path === HEALTH ? "" : await authorize(request.headers, settings.keys);
    if (allowed === "GET") return exchange.answer(200, JSON_TYPE, this.documentAt(path));
    const body = await exchange.body(settings.bodyLimit);
    const asked = readJson(request.headers.get("content-type"), body);
    const question = name === undefined ? this.response(asked) : this.run(exchange, asked, name);
    const { state, waitUntil, pipe } = this.host;
    const visit = { exchange, transport: new Transport(environment), key, path, body };
    return conduct(visit, question, { state: state && (() => state(environment)), waitUntil, pipe });
  }

  private run(exchange: Exchange, body: JsonObject, name: string): Question {
    const request = readRun(body);
    const [prompt, version] = this.bundle.resolve(name, request.version, request.label);
    const messages = render(version, request.variables, "/variables", request.messages);
    const { user, cache: cacheUse, stream = prefersStream(exchange.request.headers) } = request;
    const run = prepare(prompt, version, messages, { stream, user });
    return { run, form: new RunForm(run, exchange.id), stream, user, cacheUse };
  }

  private response(body: JsonObject): Question {
    const request = readResponses(body);
    const [prompt, named] = this.bundle.resolve(request.prompt, request.version);
    const version = overridden(named, request, this.bundle);
    const messages = renderMessages(version, request);
    const { stream, user, outputName } = request;
    const run = prepare(prompt, version, messages, { stream, user, outputName });
    return { run, form: new ResponseForm(run, request), stream, user, cacheUse: "default" };
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

/** The key that lets a request in; throws AppError key_missing or key_invalid. */
async function authorize(headers: Headers, keys: KeyRing): Promise<string> {
  const authorization = headers.get("authorization") ?? "";
  const key = authorization.slice(7).trim();
  if (key === "" || authorization.slice(0, 7).toLowerCase() !== "bearer ") {
    throw new AppError("key_missing");
  }
  if (!keys.remembers(key) && !(await keys.holds(key))) throw new AppError("key_invalid");
  return key;
}

function prefersStream(headers: Headers): boolean {
  return headers.get("accept")?.toLowerCase().includes("text/event-stream") ?? false;
}

function refuse(exchange: Exchange, path: string, error: AppError): Response {
  const headers = problemHeaders(error);
  return path === RESPONSES
    ? exchange.answer(error.status, JSON_TYPE, errorBody(error), headers)
    : exchange.answer(error.status, PROBLEM_TYPE, problemBody(error, exchange.id), headers);
}
