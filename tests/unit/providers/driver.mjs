// Asks the TypeScript runtime what a test asks Python's: JSON lines in, JSON lines out.
//
// A question is {verb, …}; its answer is {value} or {problem, retry_after}. Bytes travel as base64.

import readline from "node:readline";

import { loadRuntime } from "../../node/runtime.mjs";

const { adapters, AnswerStream, costUsd, resolveApi, retryAfterS, SseDecoder, Transport, waitMs } =
  await loadRuntime("sse", "cost", "retry", "transport", "providers/index");

const bytes = (base64) => Uint8Array.from(Buffer.from(base64, "base64"));

function* chunks(data, size) {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}

const usageOf = (usage) =>
  usage && { input: usage.input, output: usage.output, cached: usage.cached, cache_write: usage.cacheWrite };

const providerOf = (row) => ({
  name: "acme",
  type: row.type,
  baseUrl: row.url ?? "https://models.example/v1",
  apiKeyEnv: row.key_env ?? undefined,
  headers: row.headers ?? {},
  timeoutS: row.timeout_s ?? 30,
});

function partOf(part) {
  if (part.media) return { type: "media", url: part.media.url, contentType: part.media.content_type };
  return part.section ? { type: "section", name: part.section } : { type: "text", text: part.text };
}

const callOf = (row) => ({
  provider: providerOf(row),
  model: row.model,
  messages: row.messages.map(({ role, content }) => ({ role, content: content.map(partOf) })),
  config: row.config,
  output: {
    format: row.output.format,
    schema: row.output.schema,
    wireSchema: row.output.wire_schema,
    strict: row.output.strict ?? false,
  },
  stream: row.stream,
  user: row.user,
  name: row.name ?? "output",
});

const callers = new Map(); // question's id -> the controller of its signal

function signalFor({ id }) {
  callers.set(id, new AbortController());
  return callers.get(id).signal;
}

/** A transport that notes its waits instead of waiting. */
function transportFor({ environ, now_ms: now }, waited) {
  return new Transport(environ, {
    fetch: (input, init) => fetch(input, init),
    sleep: async (ms) => void waited.push(ms / 1000),
    now: () => now ?? 0,
    random: () => 0,
  });
}

const verbs = {
  build_request: ({ api, call }) => adapters[api].buildRequest(callOf(call)),

  parse({ api, data }) {
    const text = Buffer.from(data, "base64").toString();
    const answer = adapters[api].parse(providerOf({ type: api }), text);
    return { text: answer.text, finish_reason: answer.finishReason, usage: usageOf(answer.usage) ?? null };
  },

  stream({ api, data, size }) {
    const stream = new AnswerStream(adapters[api], providerOf({ type: api }));
    const deltas = [];
    try {
      for (const chunk of chunks(bytes(data), size)) {
        for (const delta of stream.feed(chunk)) deltas.push(delta);
      }
      deltas.push(...stream.finish());
    } catch (error) {
      return { deltas, problem: problemOf(error).problem };
    }
    return { deltas, finish_reason: stream.state.finishReason, usage: usageOf(stream.state.usage) ?? null };
  },

  sse({ data, size }) {
    const decoder = new SseDecoder();
    const events = [...chunks(bytes(data), size)].flatMap((chunk) => decoder.feed(chunk));
    return [...events, ...decoder.finish()].map(({ event, data: text }) => [event ?? null, text]);
  },

  cost({ usage, price }) {
    const { cache_write: cacheWrite, ...rest } = usage;
    const { cache_write: writePrice, ...prices } = price;
    return costUsd({ ...rest, cacheWrite }, { ...prices, cacheWrite: writePrice });
  },

  resolve_api: ({ type, settings }) => resolveApi(type, settings),
  retry_after: ({ header, now_s: now }) => retryAfterS(header, now * 1000) ?? null,
  wait(question) {
    const ms = waitMs(question.attempt, question.retry_after ?? undefined, question.random);
    return ms === undefined ? null : ms / 1000;
  },

  async send(question) {
    const waited = [];
    const request = { path: "/responses", headers: { "x-version": "1" }, body: '{"model":"m"}' };
    const transport = transportFor(question, waited);
    try {
      return { body: await transport.send(providerOf(question), request, signalFor(question)), waited };
    } catch (error) {
      return { ...problemOf(error), waited };
    }
  },

  /** Read a stream; with `leave`, only its first chunk. */
  async read(question) {
    const waited = [];
    const request = { path: "/responses", headers: {}, body: '{"model":"m"}' };
    let body = "";
    try {
      const transport = transportFor(question, waited);
      const stream = await transport.stream(providerOf(question), request, signalFor(question));
      for await (const chunk of stream) {
        body += Buffer.from(chunk).toString();
        if (question.leave) break;
      }
    } catch (error) {
      return { ...problemOf(error), waited };
    }
    return { body, waited };
  },

  abort: ({ call }) => callers.get(call).abort(new Error("the client has left")),
};

/** What a client would learn of an error. */
function problemOf(error) {
  return { problem: error.problem ?? String(error), retry_after: error.retryAfter ?? null, detail: error.detail };
}

async function answer(question) {
  try {
    return { value: (await verbs[question.verb](question)) ?? null };
  } catch (error) {
    return problemOf(error);
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  // Not awaited: an abort has to overtake the call that it is about.
  void answer(question).then((found) => process.stdout.write(`${JSON.stringify({ id: question.id, ...found })}\n`));
}
