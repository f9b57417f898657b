// The TypeScript runtime's state in Upstash, on a real Redis behind a front that speaks Upstash's REST:
// UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN say where. Faults are put between the two.

import assert from "node:assert/strict";
import { test } from "node:test";

import { loadRuntime } from "../node/runtime.mjs";

const { upstashState } = await loadRuntime("state-upstash");
const { UPSTASH_REDIS_REST_URL: URL_, UPSTASH_REDIS_REST_TOKEN: TOKEN } = process.env;
const DATABASE = { UPSTASH_REDIS_REST_URL: URL_, UPSTASH_REDIS_REST_TOKEN: TOKEN };
const MINUTE = { name: "prompt-minute", ceiling: 3, windowS: 60 };
const DAY = { name: "key-day:ab12", ceiling: 5, windowS: 86400 };
const NOON = Date.parse("2027-01-15T12:00:00Z");
const send = globalThis.fetch;

const deadlines = new WeakMap();
let namespaces = 0;

/** A state of its own in the database. */
function newState(environment = DATABASE) {
  namespaces += 1;
  const namespace = `test-${process.pid}-${namespaces}`;
  return Object.assign(upstashState(namespace)(environment), { namespace });
}

async function redis(...command) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await send(URL_, { method: "POST", headers, body: JSON.stringify(command) });
  return (await answer.json()).result;
}

function at(context, time) {
  return context.mock.method(Date, "now", () => time);
}

function newClaim(more) {
  return { name: "c".repeat(64), body: "b".repeat(64), run: "run_1", ...more };
}

/** What happens to the requests that come next: each takes `reach`, which asks Redis. */
function faults(context, ...queue) {
  let requests = 0;
  context.mock.method(globalThis, "fetch", (url, init) => {
    requests += 1;
    const fault = queue.shift();
    const reach = () => send(url, init);
    return fault === undefined ? reach() : fault(reach, init.signal);
  });
  return () => requests;
}

function fails() {
  throw new TypeError("fetch failed");
}

/** Nothing comes until the time for an answer is over, which is at once. */
function silence(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    deadlines.get(signal)();
  });
}

function told(status, body) {
  return async () => new Response(body, { status });
}

async function lost(reach) {
  await (await reach()).text();
  return fails();
}

async function late(reach, signal) {
  await (await reach()).text();
  return silence(signal);
}

/** Redis does it, and something else is answered. */
function doneBut(status, body) {
  return async (reach) => {
    await (await reach()).text();
    return new Response(body, { status });
  };
}

async function cut(reach) {
  const text = await (await reach()).text();
  return new Response(text.slice(0, -2));
}

const UNREACHED = "could not be reached";
const LATE = "did not answer within 2500 ms";
const SENSELESS = "answered what makes no sense";

/** What passes, and what the log says of it where it does not. */
const PASSING = {
  lost: [lost, UNREACHED],
  late: [late, LATE],
  cut: [cut, SENSELESS],
  "never sent": [fails, UNREACHED],
  swallowed: [(_, signal) => silence(signal), LATE],
  "server error": [told(500, "<html>"), "answered 500"],
  "server error after it was done": [doneBut(502, "Bad Gateway"), "answered 502"],
  unavailable: [told(503, "{}"), "answered 503"],
  throttled: [told(429, '{"error":"ERR max requests limit exceeded"}'), "answered 429"],
  loading: [told(400, '{"error":"LOADING Redis is loading the dataset in memory"}'), "answered 400 LOADING"],
  garbage: [told(200, "<html>"), SENSELESS],
  "garbage after it was done": [doneBut(200, "<html>"), SENSELESS],
  nothing: [told(200, ""), SENSELESS],
  "no result": [told(200, "{}"), SENSELESS],
  "another result": [told(200, '{"result":{"a":1}}'), SENSELESS],
  "a result of another shape": [told(200, '{"result":[7]}'), SENSELESS],
};

/** Lets no test wait, for an answer or between two attempts; gives the waits between attempts that there were
 * to be. */
function withoutWaits(context) {
  const wait = globalThis.setTimeout;
  const waits = [];
  context.mock.method(AbortSignal, "timeout", (ms) => {
    assert.equal(ms, 2500);
    const controller = new AbortController();
    deadlines.set(controller.signal, () => controller.abort(new DOMException("late", "TimeoutError")));
    return controller.signal;
  });
  context.mock.method(Math, "random", () => 0.5);
  context.mock.method(globalThis, "setTimeout", (then, ms, ...more) => {
    if (ms !== 75 && ms !== 150) return wait(then, ms, ...more);
    waits.push(ms);
    return wait(then, 0, ...more);
  });
  return waits;
}

function silentLog(context) {
  const log = context.mock.method(console, "error", () => {});
  return () => log.mock.calls.map(({ arguments: [line] }) => line);
}

async function isUnavailable(pending) {
  await assert.rejects(pending, (error) => {
    assert.deepEqual([error.problem, error.status, error.retryAfter], ["store_unavailable", 503, 1]);
    return true;
  });
}

test("a run counts on every counter until one is full, then on none", async (context) => {
  at(context, NOON + 15_250);
  const state = newState();
  for (const used of [1, 2, 3]) {
    const taken = await state.take("greet", [MINUTE, DAY]);
    assert.deepEqual(taken, { admitted: true, used: [used, used], resetS: [45, 43185] });
  }
  const refused = { admitted: false, used: [3, 3], resetS: [45, 43185] };
  assert.deepEqual(await state.take("greet", [MINUTE, DAY]), refused);
  assert.deepEqual(await state.take("greet", [DAY]), { admitted: true, used: [4], resetS: [43185] });
});

test("a window's last instant has a second left, and the next window begins at nothing", async (context) => {
  const now = at(context, NOON + 59_999);
  const state = newState();
  for (let run = 0; run < 4; run += 1) await state.take("greet", [MINUTE]);
  assert.deepEqual(await state.take("greet", [MINUTE]), { admitted: false, used: [3], resetS: [1] });
  now.mock.mockImplementation(() => NOON + 60_000);
  assert.deepEqual(await state.take("greet", [MINUTE]), { admitted: true, used: [1], resetS: [60] });
});

test("prompts, counters and projects are counted apart", async () => {
  const state = newState();
  await state.take("greet", [MINUTE]);
  const others = [
    state.take("speak", [MINUTE]),
    state.take("greet", [{ ...MINUTE, name: "key-minute:ab" }]),
    newState().take("greet", [MINUTE]),
  ];
  for (const { used } of await Promise.all(others)) assert.deepEqual(used, [1]);
});

test("a burst from many functions is admitted up to the ceiling and no further", async () => {
  const state = newState();
  const counter = { name: "prompt-day", ceiling: 20, windowS: 86400 };
  const burst = Array.from({ length: 60 }, () => upstashState(state.namespace)(DATABASE).take("greet", [counter]));
  const admitted = (await Promise.all(burst)).filter((taken) => taken.admitted);
  assert.deepEqual(
    admitted.map(({ used }) => used[0]).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});

test("counts are gone a minute after their window, and what else is kept for them too", async (context) => {
  at(context, NOON + 15_000);
  const state = newState();
  await state.take("greet", [MINUTE]);
  const keys = await redis("KEYS", `${state.namespace}:*`);
  const left = await Promise.all(keys.map((key) => redis("TTL", key)));
  assert.deepEqual(
    Object.fromEntries(keys.map((key, index) => [key.split(":")[1], left[index] > 0 ? left[index] : "for ever"])),
    { limit: 105, operation: 60 },
  );
});

test("a claim is one run's until it is kept or given back", async () => {
  const state = newState();
  const [ours, theirs] = [newClaim(), newClaim({ run: "run_2" })];
  assert.deepEqual(await state.claim(ours), { kind: "ours" });
  assert.deepEqual(await state.claim(theirs), { kind: "running" });
  assert.deepEqual(await state.claim(newClaim({ body: "d".repeat(64) })), { kind: "mismatch" });
  assert.deepEqual(await state.claim(newClaim({ name: "e".repeat(64), run: "run_3" })), { kind: "ours" });
  await state.release(ours);
  assert.deepEqual(await state.claim(theirs), { kind: "ours" });
  await state.keep(theirs, '{"text":"é\u{1f30d}"}');
  assert.deepEqual(await state.claim(ours), { kind: "answered", answer: '{"text":"é\u{1f30d}"}' });
  assert.deepEqual(await state.claim(newClaim({ body: "d".repeat(64) })), { kind: "mismatch" });
});

test("a claim that is not ours is neither kept nor given back, and an answer stays", async () => {
  const state = newState();
  const [ours, theirs] = [newClaim(), newClaim({ run: "run_2" })];
  await state.keep(ours, "unclaimed");
  assert.deepEqual(await state.claim(ours), { kind: "ours" });
  await state.release(theirs);
  await state.keep(theirs, "theirs");
  assert.deepEqual(await state.claim(theirs), { kind: "running" });
  await state.keep(ours, "ours");
  await state.keep(ours, "another");
  await state.release(ours);
  assert.deepEqual(await state.claim(theirs), { kind: "answered", answer: "ours" });
});

test("a claim is leased for a quarter of an hour, and its answer kept for a day", async () => {
  const state = newState();
  const key = `${state.namespace}:claim:${newClaim().name}`;
  await state.claim(newClaim());
  assert.equal(await redis("TTL", key), 900);
  await state.keep(newClaim(), "answer");
  assert.equal(await redis("TTL", key), 86400);
});

test("a claim whose lease is over is anybody's, and its late answer is dropped", async () => {
  const state = newState();
  await state.claim(newClaim());
  await redis("DEL", `${state.namespace}:claim:${newClaim().name}`); // as Redis does when the lease is over
  await state.keep(newClaim(), "late");
  assert.deepEqual(await state.claim(newClaim({ run: "run_2" })), { kind: "ours" });
  await state.release(newClaim());
  assert.deepEqual(await state.claim(newClaim({ run: "run_3" })), { kind: "running" });
});

test("of many that claim at once one has it", async () => {
  const state = newState();
  const claims = Array.from({ length: 50 }, (_, index) => state.claim(newClaim({ run: `run_${index}` })));
  const kinds = (await Promise.all(claims)).map(({ kind }) => kind);
  assert.deepEqual([kinds.filter((kind) => kind === "ours").length, new Set(kinds).size], [1, 2]);
});

test("an answer is cached for its time", async () => {
  const state = newState();
  assert.equal(await state.cached("k"), undefined);
  await state.cache("k", '{"text":"ü"}', 3600);
  assert.equal(await state.cached("k"), '{"text":"ü"}');
  assert.equal(await redis("TTL", `${state.namespace}:cache:k`), 3600);
  await state.cache("k", "", 10);
  assert.equal(await state.cached("k"), "");
  assert.equal(await newState().cached("k"), undefined);
});

test("the largest answer that is kept comes back whole", async () => {
  const state = newState();
  const answer = "\u{1f30d}".repeat(65536);
  await state.claim(newClaim());
  await state.keep(newClaim(), answer);
  assert.deepEqual(await state.claim(newClaim({ run: "run_2" })), { kind: "answered", answer });
});

for (const [name, [fault, reason]] of Object.entries(PASSING)) {
  test(`what fails once (${name}) has one effect`, async (context) => {
    withoutWaits(context);
    const log = silentLog(context);
    const state = newState();
    const requests = faults(context, fault);
    assert.deepEqual((await state.take("greet", [MINUTE])).used, [1]);
    assert.equal(requests(), 2);
    for (const step of [
      async () => assert.deepEqual(await state.claim(newClaim()), { kind: "ours" }),
      () => state.keep(newClaim(), "answer"),
      async () => assert.deepEqual(await state.claim(newClaim()), { kind: "answered", answer: "answer" }),
    ]) {
      faults(context, fault);
      await step();
    }
    const other = newClaim({ name: "f".repeat(64) });
    await state.claim(other);
    faults(context, fault);
    await state.release(other);
    assert.deepEqual(await state.claim({ ...other, run: "run_2" }), { kind: "ours" });
    assert.deepEqual((await state.take("greet", [MINUTE])).used, [2]);
    assert.deepEqual(log(), []);
  });

  test(`what keeps failing (${name}) is told as such, and never counted twice`, async (context) => {
    const waits = withoutWaits(context);
    const log = silentLog(context);
    const state = newState();
    for (const ask of [
      () => state.take("greet", [MINUTE]),
      () => state.claim(newClaim()),
      () => state.keep(newClaim(), "answer"),
      () => state.release(newClaim()),
    ]) {
      const requests = faults(context, fault, fault, fault, fault);
      await isUnavailable(ask());
      assert.equal(requests(), 3);
    }
    for (const ask of [() => state.cached("k"), () => state.cache("k", "v", 10)]) {
      const requests = faults(context, fault, fault);
      await isUnavailable(ask());
      assert.equal(requests(), 1);
    }
    assert.deepEqual(waits, [75, 150, 75, 150, 75, 150, 75, 150]);
    assert.deepEqual(log(), new Array(6).fill(`The store at Upstash ${reason}.`));
    faults(context);
    const { used } = await state.take("greet", [MINUTE]);
    assert.ok(used[0] <= 2, `${used}`);
  });
}

test("what Redis refuses is not asked again, and the log quotes nothing of it", async (context) => {
  const log = silentLog(context);
  const state = newState();
  for (const [status, error, kind] of [
    [401, "WRONGPASS invalid or missing auth token", "401 WRONGPASS"],
    [400, "NOPERM this user has no permissions to run the 'eval' command", "400 NOPERM"],
    [400, "ERR secret", "400 ERR"],
    [400, "secret", "400"],
    [401, "Unauthorized", "401"],
    [200, "OOM command not allowed", "200 OOM"],
  ]) {
    const requests = faults(context, told(status, JSON.stringify({ error })));
    await isUnavailable(state.take("greet", [MINUTE]));
    assert.equal(requests(), 1);
    assert.equal(log().at(-1), `The store at Upstash answered ${kind}.`);
  }
  faults(context, told(403, "<html>"), told(302, ""));
  await isUnavailable(state.take("greet", [MINUTE]));
  assert.equal(log().at(-1), "The store at Upstash answered 403.");
  await isUnavailable(state.take("greet", [MINUTE]));
  assert.equal(log().at(-1), "The store at Upstash answered 302.");
});

test("a redirection is not followed: it would take the token along", async (context) => {
  context.mock.method(globalThis, "fetch", async (_, init) => {
    assert.equal(init.redirect, "manual");
    return new Response('{"result":"OK"}');
  });
  await newState().cache("k", "v", 1);
});

for (const environment of [
  {},
  { UPSTASH_REDIS_REST_URL: URL_ },
  { UPSTASH_REDIS_REST_URL: URL_, UPSTASH_REDIS_REST_TOKEN: " ", KV_REST_API_TOKEN: TOKEN },
  { KV_REST_API_URL: URL_, KV_REST_API_TOKEN: undefined },
]) {
  test(`without a whole pair of variables (${Object.keys(environment)}) nothing is asked`, async (context) => {
    const log = silentLog(context);
    const requests = faults(context);
    await isUnavailable(newState(environment).take("greet", [MINUTE]));
    assert.equal(requests(), 0);
    assert.deepEqual(log(), [
      "The store at Upstash is not known: set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, " +
        "or KV_REST_API_URL and KV_REST_API_TOKEN.",
    ]);
  });
}

test("another kind of URL is named and never asked", async (context) => {
  const log = silentLog(context);
  const environment = { KV_REST_API_URL: "rediss://default:secret@db.example:6379", KV_REST_API_TOKEN: "t" };
  await isUnavailable(newState(environment).take("greet", [MINUTE]));
  assert.deepEqual(log(), ["The store at Upstash is not known: KV_REST_API_URL should begin with https://."]);
});

test("the names that Vercel's integration sets lead to the same database", async () => {
  const state = newState({ KV_REST_API_URL: `${URL_}\n`, KV_REST_API_TOKEN: ` ${TOKEN}` });
  assert.deepEqual((await state.take("greet", [MINUTE])).used, [1]);
});
