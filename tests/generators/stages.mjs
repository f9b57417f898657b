// What the tests of limits, Idempotency-Key and cache share: an endpoint with a store in memory, and a model
// that is called by OpenAI's Responses API.

import { loadRuntime } from "../node/runtime.mjs";
import { MemoryState } from "../node/memory-state.mjs";
import { ask, KEY, keyring, newBundle, secrets, streamed } from "./endpoint.mjs";

const { AppError, createEndpoint } = await loadRuntime("endpoint", "errors");

export const OTHER_KEY = "ps_live_other";
export const RUN = "/v1/prompts/greet/run";
export const RESPONSES = "/v1/responses";
export const USAGE = { input_tokens: 12, output_tokens: 3, input_tokens_details: { cached_tokens: 4 } };

export const newEndpoint = createEndpoint;

/** An endpoint whose prompt greet has this added to its version, `send` to ask it, and its `state`. `provider` is
 * added to the provider that greet asks. */
export function serve(version = {}, host = {}) {
  const { state = new MemoryState(), waitUntil, pipe, origins = "", provider = {} } = host;
  const bundle = newBundle();
  Object.assign(bundle.prompts.greet.versions["2"], version);
  Object.assign(bundle.providers.openai, provider);
  const stateOf = "stateOf" in host ? host.stateOf : () => state;
  const endpoint = createEndpoint({ bundle, openapi: {}, waitUntil, pipe, state: stateOf });
  const keys = keyring(KEY, OTHER_KEY);
  const environment = { ...secrets, PROMPTSTUDIO_KEYS: keys, PROMPTSTUDIO_CORS_ORIGINS: origins };
  const send = (request, signal) => endpoint(request, environment, signal);
  return { state, send };
}

/** What a store throws that is out of reach. */
export function unavailable() {
  return new AppError("store_unavailable", { retryAfter: 1 });
}

/** A request to run greet. `headers` are more of them; `path` is another, with its own body. */
export function greet({ headers = {}, key = KEY, path = RUN, body = {}, name = "Ada" } = {}) {
  const variables = { name };
  const whole = path === RESPONSES ? { prompt: { id: "greet", variables }, ...body } : { variables, ...body };
  const all = { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers };
  return ask(path, whole, { headers: all });
}

/** A whole answer of the model. */
export function said(text, more = {}) {
  const content = [{ type: "output_text", text }];
  return Response.json({ status: "completed", output: [{ type: "message", content }], usage: USAGE, ...more });
}

/** The same as a stream. */
export function streaming(text, response = {}) {
  const deltas = text.match(/.{1,3}/gsu) ?? [];
  const events = [
    ...deltas.map((delta) => ({ type: "response.output_text.delta", delta })),
    { type: "response.completed", response: { status: "completed", usage: USAGE, ...response } },
  ];
  return streamed({
    pull(controller) {
      const event = events.shift();
      if (event === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
    },
  });
}

/** The events of a stream: [type, data]. */
export function eventsOf(text) {
  const frames = text.split("\n\n").filter((frame) => frame.startsWith("event: "));
  return frames.map((frame) => {
    const [, type, data] = /^event: (.*)\ndata: (.*)$/s.exec(frame);
    return [type, JSON.parse(data)];
  });
}

/** A promise, and what settles it. */
export function deferred() {
  let settle;
  const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
}

/** Resolves once `met` says so. */
export async function until(met) {
  while (!met()) await new Promise(setImmediate);
}
