// The TypeScript endpoint where the conformance cases cannot look: keys, secrets that change, back-pressure,
// silence, and clients that go away. It runs in Node here, as it asks for nothing but Web standards.

import assert from "node:assert/strict";
import { test } from "node:test";

import { loadRuntime } from "../node/runtime.mjs";
import { ask, KEY, keyring, newBundle, provider, readText, secrets, sha256, streamed } from "./endpoint.mjs";

const { createEndpoint, KeyRing, parseKeys } = await loadRuntime("endpoint", "keys");
const bundle = newBundle();
const PATHS = ["/v1/prompts", "/v1/openapi.json", "/v1/prompts/greet/run", "/v1/responses"];

function newEndpoint() {
  return createEndpoint({ bundle, openapi: {} });
}

function translate(options) {
  return ask("/v1/prompts/translate/run", { variables: { text: "Hi" }, stream: true }, options);
}

function chunk(content) {
  const data = JSON.stringify({ choices: [{ index: 0, delta: { content } }] });
  return new TextEncoder().encode(`data: ${data}\n\n`);
}

for (const text of [undefined, "", " ", "[]"]) {
  test(`without keys (${JSON.stringify(text)}) nothing under /v1 is open`, async () => {
    const endpoint = newEndpoint();
    const environment = { ...secrets, PROMPTSTUDIO_KEYS: text };
    for (const path of PATHS) {
      const request = ask(path, path.endsWith("run") || path.endsWith("responses") ? {} : undefined);
      assert.equal((await endpoint(request, environment)).status, 401, path);
    }
    assert.equal((await endpoint(ask("/health"), environment)).status, 200);
  });
}

for (const text of ["{", "{}", "null", "[1]", '[{"hash":1}]', '[{"hash":"secret"}]', `["${sha256(KEY)}"]`]) {
  test(`keys that cannot be read (${text}) open nothing and are told to nobody`, async (context) => {
    const log = context.mock.method(console, "error", () => {});
    const answer = await newEndpoint()(ask("/v1/prompts"), { ...secrets, PROMPTSTUDIO_KEYS: text });
    assert.equal(answer.status, 500);
    assert.equal((await answer.json()).code, "internal");
    const line = String(log.mock.calls[0].arguments);
    assert.match(line, /PROMPTSTUDIO_KEYS should be/);
    assert.doesNotMatch(line, /secret/);
  });
}

test("a key that is added or taken away counts from the next request on", async () => {
  const endpoint = newEndpoint();
  const status = async (text) =>
    (await endpoint(ask("/v1/prompts"), { ...secrets, PROMPTSTUDIO_KEYS: text })).status;
  assert.equal(await status(keyring("other")), 401);
  assert.equal(await status(keyring("other", KEY)), 200);
  assert.equal(await status(keyring("other")), 401);
});

test("a key is hashed once, a wrong one each time", async (context) => {
  const digest = context.mock.method(crypto.subtle, "digest");
  const endpoint = newEndpoint();
  for (let i = 0; i < 3; i += 1) await endpoint(ask("/v1/prompts"), secrets);
  assert.equal(digest.mock.callCount(), 1);
  const wrong = { headers: { authorization: "Bearer ps_live_wrong" } };
  for (let i = 0; i < 3; i += 1) await endpoint(ask("/v1/prompts", undefined, wrong), secrets);
  assert.equal(digest.mock.callCount(), 4);
});

test("what is remembered of verified keys is bounded", async () => {
  const keys = Array.from({ length: 1001 }, (_, index) => `ps_live_${index}`);
  const ring = parseKeys(keyring(...keys));
  for (const key of keys) assert.ok(await ring.holds(key));
  assert.equal(keys.filter((key) => ring.remembers(key)).length, 1);
});

test("a hash is no key", async () => {
  const ring = new KeyRing(new Map([[sha256(KEY), Infinity]]));
  assert.equal(await ring.holds(KEY), true);
  assert.equal(await ring.holds(sha256(KEY)), false);
});

test("a key ends when its record says so, also one that is remembered", async (context) => {
  const end = Date.parse("2026-11-24T15:00:00.000Z");
  const [record] = JSON.parse(keyring(KEY));
  const ring = parseKeys(JSON.stringify([{ ...record, expires_at: "2026-11-24T15:00:00.000Z" }]));
  const now = context.mock.method(Date, "now", () => end - 1);
  assert.equal(await ring.holds(KEY), true);
  assert.equal(ring.remembers(KEY), true);
  now.mock.mockImplementation(() => end);
  assert.equal(ring.remembers(KEY), false);
  assert.equal(await ring.holds(KEY), false);
});

test("a key whose end cannot be read opens nothing", () => {
  const [record] = JSON.parse(keyring(KEY));
  for (const end of ["soon", 1, "2026-11-24", "2026-13-99T00:00:00Z", ""]) {
    assert.throws(() => parseKeys(JSON.stringify([{ ...record, expires_at: end }])), /PROMPTSTUDIO_KEYS should be/);
  }
});

test("a path is read with its percent-encoding undone", async () => {
  const answer = await newEndpoint()(ask("/v1/prompts/caf%C3%A9%ff/run", {}), secrets);
  assert.equal((await answer.json()).detail, "There is no prompt café\ufffd.");
});

test("an error that nobody expected is logged without what was sent", async (context) => {
  const log = context.mock.method(console, "error", () => {});
  const endpoint = createEndpoint({ bundle, openapi: { toJSON: () => assert.fail("private") } });
  const answer = await endpoint(ask("/openapi.json"), secrets);
  const { code, request_id: id } = await answer.json();
  assert.deepEqual([answer.status, code, answer.headers.get("x-request-id")], [500, "internal", id]);
  const line = String(log.mock.calls[0].arguments);
  assert.match(line, new RegExp(`^${id} failed: AssertionError at\n    at `));
  assert.doesNotMatch(line, /private/);
});

test("the provider is read only as fast as the client reads", async (context) => {
  let pulls = 0;
  provider(context, async () =>
    streamed({
      pull(controller) {
        pulls += 1;
        controller.enqueue(chunk(`${pulls} `));
      },
    }),
  );
  const answer = await newEndpoint()(translate(), secrets);
  await new Promise(setImmediate);
  assert.equal(pulls, 0);
  const reader = answer.body.getReader();
  assert.match(await readText(reader), /^event: start\n/);
  assert.match(await readText(reader), /"text":"1 "/);
  assert.match(await readText(reader), /"text":"2 "/);
  await new Promise(setImmediate);
  assert.equal(pulls, 2);
  await reader.cancel();
});

test("a client that stops reading closes the provider's connection", async (context) => {
  let signal;
  provider(context, async (_, init) => {
    signal = init.signal;
    return streamed({ pull: () => new Promise(() => {}) });
  });
  const answer = await newEndpoint()(translate(), secrets);
  const reader = answer.body.getReader();
  await reader.read();
  const pending = reader.read();
  await reader.cancel();
  assert.equal(signal.aborted, true);
  assert.equal((await pending).done, true);
});

for (const stream of [false, true]) {
  test(`a client that goes away before the answer ends the call (stream: ${stream})`, async (context) => {
    const log = context.mock.method(console, "error", () => {});
    const client = new AbortController();
    let signal;
    provider(context, (_, init) => {
      signal = init.signal;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    const body = { variables: { text: "Hi" }, stream };
    const pending = newEndpoint()(ask("/v1/prompts/translate/run", body), secrets, client.signal);
    while (signal === undefined) await new Promise(setImmediate);
    client.abort();
    await pending;
    assert.equal(signal.aborted, true);
    assert.equal(log.mock.callCount(), 0);
  });
}

test("an answer that unpacks to more than the bound is refused, and the rest left unread", async (context) => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)),
    cancel: () => void (cancelled = true),
  });
  const headers = { "content-encoding": "gzip", "content-length": "1000" };
  provider(context, async () => new Response(body, { headers }));
  const request = ask("/v1/prompts/translate/run", { variables: { text: "Hi" } });
  const answer = await newEndpoint()(request, secrets);
  assert.equal(answer.status, 502);
  assert.equal(cancelled, true);
});

test("fifteen seconds of silence are broken by a ping, and only for a client that waits", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let speak;
  provider(context, async () =>
    streamed({
      async pull(controller) {
        controller.enqueue(chunk(await new Promise((resolve) => (speak = resolve))));
      },
    }),
  );
  const answer = await newEndpoint()(translate(), secrets);
  const reader = answer.body.getReader();
  assert.match(await readText(reader), /^event: start\n/);
  context.mock.timers.tick(30_000); // nobody waits: no ping piles up
  const first = readText(reader);
  await new Promise(setImmediate);
  context.mock.timers.tick(14_000);
  speak("a");
  assert.match(await first, /"text":"a"/);
  const second = readText(reader);
  await new Promise(setImmediate);
  context.mock.timers.tick(14_999);
  const third = Promise.race([second, Promise.resolve("silence")]);
  assert.equal(await third, "silence");
  context.mock.timers.tick(1);
  assert.equal(await second, ": ping\n\n");
  await reader.cancel();
});

