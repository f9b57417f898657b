// The rules of a client's runtime that no server has to be there for.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { loadRuntime } from "./runtime.mjs";

const { EventTooLargeError, MAX_EVENT_BYTES, PromptClient, promptOf, ...runtime } = await loadRuntime(
  ...["client", "decoder", "errors", "problems", "retry", "sse", "webhooks"],
);
const NAMES = { apiKey: "TEST_API_KEY", baseUrl: "TEST_BASE_URL" };

class Client extends PromptClient {
  constructor(options) {
    super(options, NAMES);
  }

  greet = promptOf(this, "greet", { version: 2 });
}

const WHOLE = { id: "run_1", output: { type: "text", text: "Hi" } };
const JSON_HEADERS = { "content-type": "application/json" };
const json = () => Response.json(WHOLE);
const client = (fetch, options = {}) =>
  new Client({ baseUrl: "https://prompts.acme.example", fetch, ...options });

test("backing off doubles up to eight seconds, less at most a quarter", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 20].map((n) => runtime.backoffMs(n, 0)),
    [500, 1000, 2000, 4000, 8000, 8000, 8000],
  );
  assert.equal(runtime.backoffMs(1, 0.5), 875);
  assert.ok(runtime.backoffMs(0, 0.999999) > 375);
});

test("each form of a date is read, and no other", () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 0);
  const asked = (value) => runtime.askedWaitMs(new Headers({ "retry-after": value }), now);
  assert.equal(asked("Sun, 06 Nov 1994 08:49:37 GMT"), 37_000);
  assert.equal(asked("Sunday, 06-Nov-94 08:49:37 GMT"), 37_000);
  assert.equal(asked("Sun Nov  6 08:49:37 1994"), 37_000);
  assert.equal(asked("Sun, 06 Nov 1994 08:49:00 GMT"), 0);
  const twoDigits = new Headers({ "retry-after": "Friday, 06-Nov-09 08:49:37 GMT" });
  assert.equal(runtime.askedWaitMs(twoDigits, Date.UTC(2009, 10, 6, 8, 49, 0)), 37_000);
  const century = new Headers({ "retry-after": "Saturday, 01-Jan-00 00:00:30 GMT" });
  assert.equal(runtime.askedWaitMs(century, Date.UTC(1999, 11, 31, 23, 59, 30)), undefined);
  for (const other of [
    "Sun, 06 Nov 1994 08:48:59 GMT", // past
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 31 Apr 1995 08:49:37 GMT",
    "Sun, 06 Xyz 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "1994-11-06T08:49:37Z",
    "0x10",
    "1_0",
    "+5",
    "1 2",
    "",
  ]) {
    assert.equal(asked(other), undefined, other);
  }
});

test("numbers are read as they are written elsewhere", () => {
  const asked = (value) => runtime.askedWaitMs(new Headers({ "retry-after": value }), 0);
  assert.deepEqual([" 1 ", "1.", ".5", "1e1", "0.0015"].map(asked), [1000, 1000, 500, 10_000, 1.5]);
});

test("an event may have 16 MiB, and not a byte more", async () => {
  const line = (size) => new Blob([`data: ${"x".repeat(size)}\n\ndata: after\n\n`]).stream();
  const sizes = [];
  for await (const { data } of runtime.iterSSE(line(MAX_EVENT_BYTES))) sizes.push(data.length);
  assert.deepEqual(sizes, [16 * 1024 * 1024, 5]);
  await assert.rejects(async () => {
    for await (const event of runtime.iterSSE(line(MAX_EVENT_BYTES + 1))) assert.fail(event.data.length);
  }, EventTooLargeError);
});

test("a long line in small pieces takes time in proportion to its length", () => {
  const [start, piece, end] = ["data: ", "x".repeat(16), "\n\n"].map((text) =>
    new TextEncoder().encode(text),
  );
  const timeOf = (count) => {
    const began = performance.now();
    const decoder = new runtime.SSEDecoder(MAX_EVENT_BYTES);
    const events = [...decoder.feed(start)];
    for (let at = 0; at < count; at += 1) events.push(...decoder.feed(piece));
    events.push(...decoder.feed(end));
    assert.deepEqual(
      events.map(({ data }) => data.length),
      [16 * count],
    );
    return performance.now() - began;
  };
  const best = (count) => Math.min(timeOf(count), timeOf(count), timeOf(count));
  timeOf(100_000);
  const [short, long] = [best(100_000), best(800_000)];
  assert.ok(long < 24 * short, `8 times the length took ${long / short} times as long`); // quadratic: 64
});

test("leaving the loop cancels the stream, also while it is waited for", async () => {
  const cancelled = [];
  const endless = (name) =>
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
      cancel: () => cancelled.push(name),
    });
  for await (const { data } of runtime.iterSSE(endless("left"))) {
    assert.equal(data, "a");
    break;
  }
  const events = runtime.iterSSE(endless("returned"));
  await events.next();
  const pending = events.next();
  await events.return();
  assert.deepEqual(await pending, { done: true, value: undefined });
  await runtime.iterSSE(endless("unread")).return();
  assert.deepEqual(cancelled, ["left", "returned", "unread"]);
});

test("a stream's own failure is passed on", async () => {
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  await assert.rejects(
    async () => {
      for await (const event of runtime.iterSSE(broken)) assert.fail(event.data);
    },
    { message: "gone" },
  );
});

test("no call leaves a listener with its signal, or a timer", async () => {
  const { signal } = new AbortController();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const frames = `event: delta\ndata: {"text":"Hi"}\n\nevent: done\ndata: ${JSON.stringify(WHOLE)}\n\n`;
  const streams = client(
    async () => new Response(frames, { headers: { "content-type": "text/event-stream" } }),
  );
  for (let at = 0; at < 20; at += 1) {
    await client(async () => json()).greet({}, { signal, deadlineMs: 60_000 });
    await client(() => Promise.reject(new Error("no")))
      .greet({}, { signal, maxRetries: 0 })
      .catch(() => undefined);
    for await (const event of streams.greet.stream({}, { signal, deadlineMs: 60_000 })) assert.ok(event.type);
    for await (const event of streams.greet.stream({}, { signal })) if (event.type === "delta") break;
  }
  assert.equal(getEventListeners(signal, "abort").length, 0);
  assert.equal(timers(), before);
});

test("a signal that is aborted already keeps a call from being sent", async () => {
  const called = [];
  const caller = client(async () => called.push(1) && json());
  const signal = AbortSignal.abort(new Error("too late"));
  await assert.rejects(caller.greet({}, { signal }), { message: "too late" });
  await assert.rejects(caller.greet.stream({}, { signal }).next(), { message: "too late" });
  assert.deepEqual(called, []);
});

test("a fetch that knows no signal is left all the same", async () => {
  const deaf = client(() => new Promise(() => {}), { timeoutMs: 20, maxRetries: 0 });
  await assert.rejects(deaf.greet({}), runtime.APITimeoutError);
});

test("a fetch that throws at once has failed like any other", async () => {
  const caller = client(() => {
    throw new TypeError("no network");
  });
  const error = await caller.greet({}, { maxRetries: 0 }).catch((error) => error);
  assert.ok(error instanceof runtime.APIConnectionError);
  assert.equal(error.cause.message, "no network");
});

test("a fetch may have classes of its own", async () => {
  const foreign = (status, { body }) => ({
    status,
    ok: status === 200,
    headers: new Headers(JSON_HEADERS),
    body,
  });
  const answers = [foreign(503, Response.json({ code: "unavailable" })), foreign(200, json())];
  const caller = client(async () => answers.shift(), { maxRetries: 0 });
  await assert.rejects(caller.greet({}), runtime.UnavailableError);
  assert.deepEqual(await caller.greet({}), WHOLE);
});

test("nothing is sent of a stream that nobody reads", async () => {
  const called = [];
  const stream = client(async () => called.push(1) && json()).greet.stream({});
  await stream.close();
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  await assert.rejects(stream.answer(), runtime.PromptsError);
  assert.deepEqual(called, []);
});

test("a stream's response can be had before its events, and is sent for once", async () => {
  let calls = 0;
  const frames = `event: done\ndata: ${JSON.stringify(WHOLE)}\n\n`;
  const stream = client(async () => {
    calls += 1;
    return new Response(frames, {
      headers: { "content-type": "text/event-stream", "x-request-id": "req_1" },
    });
  }).greet.stream({});
  assert.equal((await stream.response()).headers.get("x-request-id"), "req_1");
  assert.deepEqual(await stream.answer(), WHOLE);
  assert.deepEqual(await stream.answer(), WHOLE);
  assert.equal(calls, 1);
});

test("a stream that has begun may be read late", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const frames = `event: done\ndata: ${JSON.stringify(WHOLE)}\n\n`;
  const response = new Response(frames, { headers: { "content-type": "text/event-stream" } });
  const stream = client(async () => response, { timeoutMs: 1000, idleTimeoutMs: 1000 }).greet.stream({});
  await stream.response();
  context.mock.timers.tick(5000);
  assert.deepEqual(await stream.answer(), WHOLE);
});

test("`await using` closes a stream", async () => {
  let signal;
  const open = client(async (url, init) => {
    ({ signal } = init);
    return new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } });
  }).greet.stream({});
  await open.response();
  assert.equal(signal.aborted, false);
  await open[Symbol.asyncDispose]();
  assert.equal(signal.aborted, true);
});

test("what a call says of its version, and else, goes in its body", async () => {
  const sent = [];
  const caller = client(async (url, init) => sent.push(JSON.parse(init.body)) && json());
  await caller.greet();
  await caller.greet({ a: 1 }, { version: 3 });
  await caller.greet(
    {},
    { label: "staging", messages: [{ role: "user", content: "Hi" }], metadata: { a: 1 } },
  );
  assert.deepEqual(sent, [
    { variables: {}, version: 2 },
    { variables: { a: 1 }, version: 3 },
    { variables: {}, messages: [{ role: "user", content: "Hi" }], label: "staging", metadata: { a: 1 } },
  ]);
});

test("headers of the caller stand beside the client's own, and may replace the authorization", async () => {
  const sent = [];
  const caller = client(async (url, init) => sent.push(Object.fromEntries(init.headers)) && json(), {
    apiKey: "k",
    headers: { "X-A": "1", "X-B": "1", Accept: "text/html" },
  });
  await caller.greet(
    {},
    { headers: { "x-b": "2", "x-a": null, authorization: "Basic x" }, idempotencyKey: "mine" },
  );
  await caller.greet({}, { headers: { Authorization: null } });
  assert.deepEqual(sent[0], {
    accept: "application/json",
    authorization: "Basic x",
    "content-type": "application/json",
    "idempotency-key": "mine",
    "x-b": "2",
  });
  assert.equal("authorization" in sent[1], false);
});

test("a number that JSON does not have is refused, and not sent as null", async () => {
  const calls = [];
  const caller = client(async (url) => calls.push(url) && json());
  for (const number of [NaN, Infinity, -Infinity]) {
    await assert.rejects(caller.greet({ rows: [{ n: number }] }), { name: "ConfigurationError" });
    await assert.rejects(caller.greet({}, { metadata: { n: number } }), { name: "ConfigurationError" });
    await assert.rejects(async () => caller.greet.stream({ n: number }).answer(), {
      name: "ConfigurationError",
    });
  }
  assert.deepEqual(calls, []);
});

test("the environment gives what the caller does not", async () => {
  process.env.TEST_API_KEY = " from-environment\n";
  process.env.TEST_BASE_URL = "https://prompts.acme.example/base/";
  const sent = [];
  const fetch = async (url, init) => sent.push([url, init.headers.get("authorization")]) && json();
  await new Client({ fetch }).greet({});
  await new Client({ fetch, apiKey: "given", baseUrl: "http://127.0.0.1:1" }).greet({});
  await new Client({ fetch, apiKey: " spaced\n", baseUrl: "http://127.0.0.1:1" }).greet({});
  await new Client({ fetch, apiKey: " ", baseUrl: "http://127.0.0.1:1" }).greet({});
  delete process.env.TEST_API_KEY;
  delete process.env.TEST_BASE_URL;
  assert.deepEqual(sent, [
    ["https://prompts.acme.example/base/v1/prompts/greet/run", "Bearer from-environment"],
    ["http://127.0.0.1:1/v1/prompts/greet/run", "Bearer given"],
    ["http://127.0.0.1:1/v1/prompts/greet/run", "Bearer spaced"],
    ["http://127.0.0.1:1/v1/prompts/greet/run", null], // as in Python: who gives none wants none sent
  ]);
});

test("what cannot be used is refused at once, and no secret is quoted", async () => {
  const refused = [
    {},
    ...["acme", "ftp://acme.example", "https://u:s3cret@acme.example", "https://acme.example?key=s3cret"].map(
      (baseUrl) => ({ baseUrl }),
    ),
    { baseUrl: "https://acme.example", apiKey: "s3c\nret" },
    { baseUrl: "https://acme.example", apiKey: "s3cret é" },
    ...["timeoutMs", "idleTimeoutMs", "deadlineMs", "maxEventBytes"].flatMap((name) =>
      [0, -1, NaN].map((value) => ({ baseUrl: "https://acme.example", [name]: value })),
    ),
    { baseUrl: "https://acme.example", maxRetries: -1 },
  ];
  for (const options of refused) {
    assert.throws(
      () => new Client(options),
      (error) => {
        assert.ok(error instanceof runtime.ConfigurationError);
        assert.ok(!error.message.includes("s3cret"));
        return true;
      },
    );
  }
  const error = await client(json)
    .greet({}, { headers: { "x-key": "s3cret\n\n!" } })
    .catch((error) => error);
  assert.ok(error instanceof runtime.ConfigurationError && !error.message.includes("s3cret"));
});

test("a client with other options is one of the same kind, and the first stays as it was", async () => {
  const sent = [];
  const first = client(async (url, init) => sent.push(init.headers.get("authorization")) && json(), {
    apiKey: "a",
  });
  const second = first.withOptions({ apiKey: "b" });
  assert.ok(second instanceof Client);
  await second.greet({});
  await first.greet({});
  assert.deepEqual(sent, ["Bearer b", "Bearer a"]);
});

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = `whsec_${btoa("another secret of enough bytes")}`;
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const headersOf = (more) => ({
  "webhook-id": ID,
  "webhook-timestamp": "1614265330",
  "webhook-signature": SIGNATURE,
  ...more,
});
const AT = { nowMs: 1614265330_000 };

test("a webhook is genuine by any of its signatures and any of our secrets", async () => {
  const accepted = [
    [BODY, headersOf(), SECRET],
    [new TextEncoder().encode(BODY), new Headers(headersOf()), SECRET],
    [BODY, headersOf({ "webhook-signature": `v1,AAAA v1a,x ${SIGNATURE} v1,%` }), SECRET],
    [BODY, headersOf(), [OTHER, SECRET]],
    [BODY, { "Webhook-Id": [ID], "Webhook-Timestamp": "1614265330", "WEBHOOK-SIGNATURE": SIGNATURE }, SECRET],
    [BODY, headersOf(), SECRET.slice("whsec_".length)],
    [BODY, { get: (name) => headersOf()[name] }, SECRET],
  ];
  for (const given of accepted) {
    assert.deepEqual(await runtime.verifyWebhook(...given, AT), { test: 2432232314 });
  }
});

test("a webhook is fresh within five minutes either way", async () => {
  for (const [offset, fits] of [
    [300, true],
    [-300, true],
    [301, false],
    [-301, false],
  ]) {
    const verified = runtime.verifyWebhook(BODY, headersOf(), SECRET, { nowMs: AT.nowMs + offset * 1000 });
    if (fits) await verified;
    else await assert.rejects(verified, runtime.WebhookVerificationError);
  }
  const late = { nowMs: AT.nowMs + 900_000, toleranceS: 1000 };
  assert.ok(await runtime.verifyWebhook(BODY, headersOf(), SECRET, late));
});

test("anything else is no webhook of ours", async () => {
  const refused = [
    [`${BODY} `, headersOf(), SECRET],
    [BODY, headersOf({ "webhook-id": "msg_other" }), SECRET],
    [BODY, headersOf({ "webhook-timestamp": "1614265331" }), SECRET],
    [BODY, headersOf({ "webhook-timestamp": "1614265330.0" }), SECRET],
    [BODY, headersOf({ "webhook-timestamp": "" }), SECRET],
    [BODY, headersOf({ "webhook-id": undefined }), SECRET],
    [BODY, headersOf({ "webhook-signature": "" }), SECRET],
    [BODY, headersOf({ "webhook-signature": "v1," }), SECRET],
    [BODY, headersOf({ "webhook-signature": SIGNATURE.slice("v1,".length) }), SECRET],
    [BODY, headersOf({ "webhook-signature": SIGNATURE.replace("v1", "v2") }), SECRET],
    [BODY, headersOf({ "webhook-signature": SIGNATURE.slice(0, 20) }), SECRET],
    [BODY, headersOf(), OTHER],
    [BODY, headersOf(), []],
    [BODY, headersOf(), "whsec_"],
    [BODY, headersOf(), "whsec_%%%"],
    [BODY, {}, SECRET],
    [BODY, { get: "x" }, SECRET],
  ];
  for (const given of refused) {
    await assert.rejects(
      runtime.verifyWebhook(...given, AT),
      runtime.WebhookVerificationError,
      String(given),
    );
  }
});
