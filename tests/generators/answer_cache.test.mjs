// The exact-match cache at the TypeScript endpoint: what a provider would be sent again is answered again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { provider } from "./endpoint.mjs";
import {
  deferred,
  eventsOf,
  greet,
  OTHER_KEY,
  RESPONSES,
  said,
  serve,
  streaming,
  unavailable,
  until,
  USAGE,
} from "./stages.mjs";

const CACHED = { cache: { ttl_s: 30 } };

/** How often the model was called for these requests, sent one after the other. */
async function calls(context, send, requests, answer = () => said("Hello")) {
  const { mock } = provider(context, async (_, { body }) => (JSON.parse(body).stream ? streaming("Hello") : answer()));
  for (const request of requests) await (await send(greet(request))).text();
  return mock.callCount();
}

function quiet(context) {
  const log = context.mock.method(console, "error", () => {});
  return () => log.mock.calls.map(({ arguments: [line] }) => line);
}

function at(context, start) {
  let now = start;
  context.mock.method(Date, "now", () => now);
  return (ms) => (now += ms);
}

test("the same again is answered from the cache, for nothing, as a run of its own", async (context) => {
  const { mock } = provider(context, async () => said("Hello"));
  const pass = at(context, Date.parse("2026-11-24T12:00:00.500Z"));
  const { send } = serve(CACHED);
  const first = await (await send(greet())).json();
  assert.deepEqual(first.cache, { status: "miss" });
  assert.equal(first.cost_usd, "0.0000198");
  pass(2_499);
  const second = await (await send(greet())).text();
  const { id, ...rest } = first;
  const told = { ...rest, cost_usd: "0", cache: { status: "exact", age_s: 2 } };
  assert.equal(second, JSON.stringify({ id: JSON.parse(second).id, ...told }));
  assert.notEqual(JSON.parse(second).id, id);
  assert.equal(mock.callCount(), 1);
});

test("an answer from the cache is no older than nothing, though clocks step back", async (context) => {
  provider(context, async () => said("Hello"));
  const pass = at(context, Date.parse("2026-11-24T12:00:00Z"));
  const { send } = serve(CACHED);
  await send(greet());
  pass(-5_000);
  assert.equal((await (await send(greet())).json()).cache.age_s, 0);
});

test("it holds for as long as the prompt says", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = serve(CACHED);
  await send(greet());
  state.nowMs += 29_999;
  assert.equal((await (await send(greet())).json()).cache.status, "exact");
  state.nowMs += 1;
  assert.equal((await (await send(greet())).json()).cache.status, "miss");
});

test("from the cache a stream is its start, one delta and its end", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = serve(CACHED);
  await send(greet());
  const events = eventsOf(await (await send(greet({ body: { stream: true } }))).text());
  const [[, start], , [, done]] = events;
  assert.deepEqual(events.map(([type]) => type), ["start", "delta", "done"]);
  assert.equal(events[1][1].text, "Hello");
  assert.equal(start.id, done.id);
  assert.equal(done.cache.status, "exact");
});

test("what was streamed is answered from the cache as one body", async (context) => {
  const { mock } = provider(context, async () => streaming("Hello"));
  const { send } = serve(CACHED);
  const first = eventsOf(await (await send(greet({ body: { stream: true } }))).text());
  assert.deepEqual(first.at(-1)[1].cache, { status: "miss" });
  const { output, usage } = await (await send(greet())).json();
  assert.deepEqual(output, { type: "text", text: "Hello" });
  assert.deepEqual(usage, { input_tokens: 12, output_tokens: 3, cached_tokens: 4 });
  assert.equal(mock.callCount(), 1);
});

test("OpenAI's API shares the cache, and tells its own usage", async (context) => {
  const { mock } = provider(context, async () => said("Hello"));
  const { send } = serve(CACHED);
  await send(greet());
  const response = await (await send(greet({ path: RESPONSES }))).json();
  assert.equal(response.output[0].content[0].text, "Hello");
  assert.equal(response.status, "completed");
  assert.equal(response.usage.input_tokens, USAGE.input_tokens);
  const stream = await (await send(greet({ path: RESPONSES, body: { stream: true } }))).text();
  const deltas = eventsOf(stream).filter(([type]) => type === "response.output_text.delta");
  assert.deepEqual(deltas.map(([, { delta }]) => delta), ["Hello"]);
  assert.equal(mock.callCount(), 1);
});

test("JSON comes from the cache as it was checked", async (context) => {
  provider(context, async () => said('{"label":"bug","note":null}'));
  const schema = { type: "object", properties: { label: { type: "string" }, note: { type: "string" } } };
  const { send } = serve({ ...CACHED, output: { format: "json", schema, wire_schema: schema } });
  const first = await (await send(greet())).json();
  const second = await (await send(greet())).json();
  assert.equal(second.cache.status, "exact");
  assert.deepEqual(second.output, first.output);
  assert.deepEqual(second.output.json, { label: "bug" });
});

test("bypass neither looks nor stores", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = serve(CACHED);
  const bypass = { body: { cache: "bypass" } };
  assert.deepEqual((await (await send(greet(bypass))).json()).cache, { status: "bypass" });
  assert.equal(state.calls.length, 0);
});

test("bypass leaves the cache alone where the run needs the store for something else", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = serve({ ...CACHED, limits: [{ requests: 9, per: "day", by: "prompt" }] });
  const headers = { "idempotency-key": "order-1" };
  const response = await send(greet({ headers, body: { cache: "bypass" } }));
  assert.deepEqual((await response.json()).cache, { status: "bypass" });
  assert.equal(state.count("cached") + state.count("cache"), 0);
});

test("refresh does not look, and stores what it gets", async (context) => {
  const answers = [said("old"), said("new")];
  provider(context, async () => answers.shift());
  const { send } = serve(CACHED);
  await send(greet());
  const refreshed = await (await send(greet({ body: { cache: "refresh" } }))).json();
  assert.deepEqual([refreshed.output.text, refreshed.cache.status], ["new", "miss"]);
  const after = await (await send(greet())).json();
  assert.deepEqual([after.output.text, after.cache.status], ["new", "exact"]);
});

test("a prompt without a cache, and an endpoint without a store, bypass it", async (context) => {
  provider(context, async () => said("Hello"));
  const without = [serve(), serve(CACHED, { stateOf: undefined })];
  for (const { send } of without) {
    for (const cache of ["default", "refresh", "bypass"]) {
      assert.deepEqual((await (await send(greet({ body: { cache } }))).json()).cache, { status: "bypass" });
    }
  }
  assert.equal(without[0].state.calls.length, 0);
});

const SAME = {
  "another user": { body: { user: "ada" } },
  "another API key": { key: OTHER_KEY },
  "a stream": { body: { stream: true } },
  metadata: { body: { metadata: { a: 1 } } },
  "a version by its number": { body: { version: 2 } },
};
for (const [what, request] of Object.entries(SAME)) {
  test(`the cache does not tell ${what} apart`, async (context) => {
    const { send } = serve(CACHED);
    assert.equal(await calls(context, send, [{}, request]), 1);
  });
}

const OTHERS = {
  "another variable": { name: "Eve" },
  "a history": { body: { messages: [{ role: "user", content: "Hi" }] } },
  "another temperature": { path: RESPONSES, body: { temperature: 0.5 } },
  "other instructions": { path: RESPONSES, body: { instructions: "Be brief." } },
  "another model": { path: RESPONSES, body: { model: "openai/gpt-5.4" } },
  "another provider of the same model": { path: RESPONSES, body: { model: "openai-eu/gpt-5.4-mini" } },
};
for (const [what, request] of Object.entries(OTHERS)) {
  test(`the cache tells ${what} apart`, async (context) => {
    const { send } = serve(CACHED);
    assert.equal(await calls(context, send, [{}, request]), 2);
  });
}

test("a version that was edited has a cache of its own", async (context) => {
  provider(context, async () => said("Hello"));
  const before = serve(CACHED);
  await before.send(greet());
  const after = serve({ ...CACHED, source: "sha256:other" }, { state: before.state });
  assert.equal((await (await after.send(greet())).json()).cache.status, "miss");
});

test("a provider that answers elsewhere has a cache of its own", async (context) => {
  provider(context, async () => said("Hello"));
  const before = serve(CACHED);
  await before.send(greet());
  const after = serve(CACHED, { state: before.state, provider: { base_url: "https://proxy.example/v1" } });
  assert.equal((await (await after.send(greet())).json()).cache.status, "miss");
});

test("an answer that was checked against no schema is not given where there is one", async (context) => {
  const { mock } = provider(context, async () => said('["a"]'));
  const schema = { type: "array", items: { type: "string" } }; // OpenAI is sent none that is no object
  const { send } = serve({ ...CACHED, output: { format: "json", schema, wire_schema: schema } });
  const format = { type: "json_schema", name: "output", schema, strict: false };
  await send(greet({ path: RESPONSES, body: { text: { format } } }));
  const { cache, output } = await (await send(greet())).json();
  assert.deepEqual([cache.status, output.json], ["miss", ["a"]]);
  assert.equal(mock.callCount(), 2);
});

for (const status of ["incomplete", "failed"]) {
  test(`an answer that is ${status} is not stored`, async (context) => {
    const details = { incomplete_details: { reason: "max_output_tokens" } };
    const { send, state } = serve(CACHED);
    await calls(context, send, [{}], () => said("Hel", { status, ...details }));
    assert.equal(state.entries.size, 0);
  });
}

test("an answer beyond the bound is told but not stored", async (context) => {
  const { send, state } = serve(CACHED);
  await calls(context, send, [{}], () => said("é".repeat(131_072)));
  assert.equal(state.entries.size, 0);
});

test("a cache that does not answer is a miss, and logged", async (context) => {
  const lines = quiet(context);
  provider(context, async () => said("Hello"));
  const { send, state } = serve(CACHED);
  state.error = unavailable();
  for (const method of ["cached", "cache"]) state.failing.add(method);
  const response = await send(greet());
  assert.equal(response.status, 200);
  assert.deepEqual((await response.json()).cache, { status: "miss" });
  const id = response.headers.get("x-request-id");
  assert.deepEqual(lines(), [
    `${id} could not read the cache: store_unavailable`,
    `${id} could not fill the cache: store_unavailable`,
  ]);
});

const NO_USAGE = '{"text":"x","at":0,"usage":{}}';
for (const garbage of ["", "{", "null", "[]", '{"text":1,"at":0}', '{"text":"x"}', NO_USAGE]) {
  test(`what cannot be read in the cache (${garbage}) is a miss, and takes its place`, async (context) => {
    quiet(context);
    provider(context, async () => said("Hello"));
    const { send, state } = serve(CACHED);
    await send(greet());
    for (const entry of state.entries.values()) entry.value = garbage;
    for (const status of ["miss", "exact"]) {
      const { cache, output } = await (await send(greet())).json();
      assert.deepEqual([cache.status, output.text], [status, "Hello"]);
    }
  });
}

test("a run from the cache counts on the limits, and its answer is kept for its Idempotency-Key", async (context) => {
  const { mock } = provider(context, async () => said("Hello"));
  const { send, state } = serve({ ...CACHED, limits: [{ requests: 2, per: "day", by: "prompt" }] });
  await send(greet());
  const headers = { "idempotency-key": "order-1" };
  const hit = await send(greet({ headers }));
  assert.match(hit.headers.get("ratelimit"), /r=0;/);
  const again = await (await send(greet({ headers }))).text();
  assert.equal(again, await hit.text());
  assert.equal(JSON.parse(again).cache.status, "exact");
  assert.equal(mock.callCount(), 1);
  assert.equal(state.count("take"), 2);
});

test("an answer need not wait for the cache where work may outlive it", async (context) => {
  provider(context, async () => said("Hello"));
  const works = [];
  const { send, state } = serve(CACHED, { waitUntil: (work) => works.push(work) });
  const filling = deferred();
  state.cache = () => filling.promise;
  assert.equal((await send(greet())).status, 200);
  assert.equal(works.length, 1);
  filling.resolve();
  await works[0];
});

test("elsewhere it waits", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = serve(CACHED);
  const filling = deferred();
  let begun = false;
  state.cache = () => {
    begun = true;
    return filling.promise;
  };
  let told = false;
  const pending = send(greet()).then(() => (told = true));
  await until(() => begun);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.equal(told, false);
  filling.resolve();
  await pending;
});
