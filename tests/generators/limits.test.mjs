// Limits at the TypeScript endpoint: how many runs are let through, and what callers are told of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newBundle, provider } from "./endpoint.mjs";
import { greet, newEndpoint, OTHER_KEY, RESPONSES, said, serve, streaming, unavailable } from "./stages.mjs";

const MINUTE_BY_KEY = { requests: 2, per: "minute", by: "key" };
const DAY_OF_PROMPT = { requests: 3, per: "day", by: "prompt" };

function limited(...limits) {
  return serve({ limits });
}

async function statuses(send, requests) {
  const answers = [];
  for (const request of requests) answers.push((await send(greet(request))).status);
  return answers;
}

function toldOf(response) {
  return [response.headers.get("ratelimit-policy"), response.headers.get("ratelimit")];
}

test("every answer tells of all limits, in the order of the prompt's file", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited(MINUTE_BY_KEY, DAY_OF_PROMPT); // it is 12:00:18
  const response = await send(greet());
  assert.deepEqual(toldOf(response), [
    '"key-minute";q=2;w=60, "prompt-day";q=3;w=86400',
    '"key-minute";r=1;t=42, "prompt-day";r=2;t=43182',
  ]);
});

test("the run beyond a limit is refused, with the wait, and calls no model", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send } = limited(MINUTE_BY_KEY);
  assert.deepEqual(await statuses(send, [{}, {}, {}]), [200, 200, 429]);
  const refusal = await send(greet());
  const { code, detail } = await refusal.json();
  assert.equal(code, "rate_limited");
  assert.equal(
    detail,
    "No more than 2 runs per minute are let through for this API key. Try again in 42 seconds.",
  );
  assert.equal(refusal.headers.get("retry-after"), "42");
  assert.deepEqual(toldOf(refusal), ['"key-minute";q=2;w=60', '"key-minute";r=0;t=42']);
  assert.equal(calls.mock.callCount(), 2);
});

test("of several limits that are reached, the refusal names the one with the longest wait", async (context) => {
  provider(context, async () => said("Hello"));
  const hour = { requests: 1, per: "hour", by: "prompt" };
  const day = { requests: 1, per: "day", by: "user" };
  const { send } = limited({ ...hour, per: "minute" }, day, hour);
  await send(greet());
  const { detail } = await (await send(greet())).json();
  assert.equal(detail, "No more than 1 runs per day are let through for this user. Try again in 43182 seconds.");
});

test("of equal waits it names the first", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "hour", by: "key" }, { requests: 1, per: "hour", by: "prompt" });
  await send(greet());
  assert.match((await (await send(greet())).json()).detail, /for this API key/);
});

test("a limit that is not reached is not named, however long its window", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "second", by: "key" }, DAY_OF_PROMPT);
  await send(greet());
  const refusal = await send(greet());
  assert.match((await refusal.json()).detail, /per second/);
  assert.equal(refusal.headers.get("retry-after"), "1");
});

test("a run that one limit refuses counts on none", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "minute", by: "key" }, DAY_OF_PROMPT);
  assert.deepEqual(await statuses(send, [{}, {}, {}, { key: OTHER_KEY }]), [200, 429, 429, 200]);
  assert.match((await send(greet())).headers.get("ratelimit"), /"prompt-day";r=1;/);
});

test("a window ends on the second, and the next begins anew", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = limited(MINUTE_BY_KEY);
  await statuses(send, [{}, {}]);
  state.nowMs += 41_999;
  assert.equal((await send(greet())).status, 429);
  state.nowMs += 1;
  const response = await send(greet());
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("ratelimit"), '"key-minute";r=1;t=60');
});

test("each API key has its own count by key, and all share one by prompt", async (context) => {
  provider(context, async () => said("Hello"));
  const byKey = limited({ requests: 1, per: "day", by: "key" });
  assert.deepEqual(await statuses(byKey.send, [{}, {}, { key: OTHER_KEY }]), [200, 429, 200]);
  const byPrompt = limited({ requests: 1, per: "day", by: "prompt" });
  assert.deepEqual(await statuses(byPrompt.send, [{}, { key: OTHER_KEY }]), [200, 429]);
});

test("each user has a count, and runs that name none share one", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "day", by: "user" });
  const ada = { body: { user: "ada" } };
  const nobody = { body: { user: "" } };
  assert.deepEqual(await statuses(send, [ada, ada, nobody, nobody, {}, {}]), [200, 429, 200, 429, 200, 429]);
});

test("a user is known by either API", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "day", by: "user" });
  const body = { safety_identifier: "ada" };
  assert.equal((await send(greet({ body: { user: "ada" } }))).status, 200);
  assert.equal((await send(greet({ path: RESPONSES, body }))).status, 429);
});

test("a store learns of keys and users nothing but hashes", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = limited({ requests: 1, per: "day", by: "user" }, MINUTE_BY_KEY);
  await send(greet({ body: { user: "ada@example.com" } }));
  const names = [...state.counts.keys()];
  assert.ok(names.every((name) => /^greet (user-day|key-minute):[0-9a-f]{64} \d+$/.test(name)), names.join());
});

test("an alias and the prompt's name count as one", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "day", by: "prompt" });
  await send(greet());
  assert.equal((await send(greet({ path: "/v1/prompts/pmpt_greet/run" }))).status, 429);
});

test("a refusal through OpenAI's API has its shape", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = limited({ requests: 1, per: "day", by: "prompt" });
  await send(greet({ path: RESPONSES }));
  const refusal = await send(greet({ path: RESPONSES }));
  assert.equal(refusal.status, 429);
  const { error } = await refusal.json();
  assert.deepEqual([error.type, error.code], ["rate_limit_error", "rate_limited"]);
  assert.ok(refusal.headers.get("ratelimit"));
});

test("streams and failures tell of the limits too", async (context) => {
  const answers = [streaming("Hello"), new Response("", { status: 400 })];
  provider(context, async () => answers.shift());
  const { send } = limited(DAY_OF_PROMPT);
  const stream = await send(greet({ body: { stream: true } }));
  await stream.text();
  assert.match(stream.headers.get("ratelimit"), /r=2;/);
  const failure = await send(greet());
  assert.equal(failure.status, 502);
  assert.match(failure.headers.get("ratelimit"), /r=1;/);
});

test("what is refused earlier is not counted, and tells of no limit", async () => {
  const { send, state } = limited(DAY_OF_PROMPT);
  const response = await send(greet({ body: { variables: {} } }));
  assert.equal(response.status, 422);
  assert.deepEqual(toldOf(response), [null, null]);
  assert.equal(state.calls.length, 0);
});

test("an answer that is given again counts on no limit, and tells of none", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = limited({ requests: 1, per: "day", by: "prompt" });
  const headers = { "idempotency-key": "order-1" };
  await send(greet({ headers }));
  const again = await send(greet({ headers }));
  assert.equal(again.status, 200);
  assert.deepEqual(toldOf(again), [null, null]);
  assert.equal(state.count("take"), 1);
});

test("a run that is refused gives its Idempotency-Key back", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = limited({ requests: 1, per: "minute", by: "prompt" });
  await send(greet());
  const headers = { "idempotency-key": "order-1" };
  assert.equal((await send(greet({ headers }))).status, 429);
  assert.equal(state.claims.size, 0);
  state.nowMs += 60_000;
  assert.equal((await send(greet({ headers }))).status, 200);
});

test("a store that cannot count lets nobody run, and gives the Idempotency-Key back", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send, state } = limited(DAY_OF_PROMPT);
  state.error = unavailable();
  state.failing.add("take");
  const response = await send(greet({ headers: { "idempotency-key": "order-1" } }));
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal(state.claims.size, 0);
  assert.equal(calls.mock.callCount(), 0);
});

test("a ceiling that was lowered below what was counted leaves nothing, not less", async (context) => {
  provider(context, async () => said("Hello"));
  const before = limited({ requests: 9, per: "day", by: "prompt" });
  await statuses(before.send, [{}, {}, {}]);
  const after = serve({ limits: [{ requests: 2, per: "day", by: "prompt" }] }, { state: before.state });
  const refusal = await after.send(greet());
  assert.equal(refusal.headers.get("ratelimit"), '"prompt-day";r=0;t=43182');
});

test("pages of other origins may read the headers", async (context) => {
  provider(context, async () => said("Hello"));
  const { send } = serve({ limits: [DAY_OF_PROMPT] }, { origins: "https://app.example" });
  const response = await send(greet({ headers: { origin: "https://app.example" } }));
  assert.match(response.headers.get("access-control-expose-headers"), /RateLimit, RateLimit-Policy/);
  assert.ok(response.headers.get("ratelimit"));
});

test("limits that nobody could count are refused when the endpoint is made", () => {
  const bundle = newBundle();
  bundle.prompts.greet.versions["2"].limits = [DAY_OF_PROMPT];
  assert.throws(() => newEndpoint({ bundle, openapi: {} }), /limits, and there is no store/);
});

test("a run that has nothing to keep asks for no store, and hashes nothing more", async (context) => {
  provider(context, async () => said("Hello"));
  let asked = 0;
  const { send } = serve({}, { stateOf: () => assert.fail((asked += 1)) });
  await send(greet());
  const digest = context.mock.method(crypto.subtle, "digest");
  assert.equal((await send(greet())).status, 200);
  assert.equal(asked + digest.mock.callCount(), 0);
});
