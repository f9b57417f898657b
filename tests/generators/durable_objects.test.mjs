// A generated Cloudflare project's store, in workerd: exact counts, one run for each Idempotency-Key, rows that
// end, and the cache. PROJECT is where a project was written whose prompt greet has a cache of 30 seconds.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { MemoryState } from "../node/memory-state.mjs";
import { KEY, secrets } from "./endpoint.mjs";
import { deferred, eventsOf, said, streaming } from "./stages.mjs";
import { pack, start } from "./worker.mjs";

const { PROJECT } = process.env;
const CLAIMS = "PROMPTSTUDIO_CLAIMS";
const COUNTS = "PROMPTSTUDIO_COUNTS";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEASE_MS = 900_000;
const PATIENCE_MS = 20_000;
const MINUTE = { name: "key-minute:ab", ceiling: 2, windowS: 60 };
const DAY = { name: "prompt-day:", ceiling: 5, windowS: 86_400 };
const settings = readFileSync(path.join(PROJECT, "wrangler.jsonc"), "utf8");

let code;
let worker;
let calls = 0;
let model;
let names = 0;
let over = false;

before(async () => {
  code = await pack(PROJECT, withLimited);
  worker = await launch();
});
after(() => {
  over = true;
  return worker?.stop();
});

/** The bundle with a prompt that lets twenty runs through, in a day and for each key. */
function withLimited(bundle) {
  const { cache: _, ...version } = bundle.prompts.greet.versions["2"];
  const limits = [{ requests: 20, per: "day", by: "key" }];
  const limited = { ...version, limits };
  bundle.prompts.limited = { ...bundle.prompts.greet, aliases: [], versions: { 2: limited } };
  return bundle;
}

function launch(persist) {
  return start({ code, settings, bindings: secrets, model: (request) => model(request), persist });
}

/** Lets the model answer so from now on, and counts its calls anew. */
function answers(answer) {
  calls = 0;
  model = async (request) => {
    calls += 1;
    return answer(await request.json());
  };
}

/** A name that no other test has. */
function fresh(prefix) {
  names += 1;
  return `${prefix}-${names}`;
}

/** Run a prompt. The cache is left alone but where `body` says otherwise. */
function run({ prompt = "greet", name = fresh("Ada"), body = {}, headers = {}, at = worker } = {}) {
  return at.send(`/v1/prompts/${prompt}/run`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ variables: { name }, cache: "bypass", ...body }),
  });
}

async function eventually(met) {
  const end = performance.now() + PATIENCE_MS;
  while (!(await met())) {
    if (performance.now() > end) assert.fail(`still not so: ${met}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("fifty requests at once with one key call the model once", async () => {
  const answer = deferred();
  answers(() => answer.promise);
  const request = { name: "Ada", headers: { "idempotency-key": fresh("order") } };
  const refused = [];
  const pending = Array.from({ length: 50 }, async () => {
    const response = await run(request);
    if (response.status !== 200) refused.push(response.status);
    return response;
  });
  await eventually(() => refused.length === 49);
  assert.deepEqual(new Set(refused), new Set([409]));
  answer.resolve(said("Hello Ada"));
  const first = (await Promise.all(pending)).find(({ status }) => status === 200);
  const again = await Promise.all(Array.from({ length: 50 }, () => run(request)));
  const bodies = await Promise.all([first, ...again].map((response) => response.text()));
  assert.equal(new Set(bodies).size, 1);
  assert.equal(calls, 1);
});

test("of a hundred runs at once a limit of twenty lets twenty through", async () => {
  answers(() => said("Hello"));
  await worker.set({ aheadMs: DAY_MS - (Date.now() % DAY_MS) + HOUR_MS }); // no midnight is near
  const responses = await Promise.all(Array.from({ length: 100 }, () => run({ prompt: "limited" })));
  await worker.set({ aheadMs: 0 });
  const admitted = responses.filter(({ status }) => status === 200);
  const refused = responses.filter(({ status }) => status === 429);
  assert.deepEqual([admitted.length, refused.length, calls], [20, 80, 20]);
  const left = admitted.map((response) => Number(/r=(\d+)/.exec(response.headers.get("ratelimit"))[1]));
  assert.deepEqual(left.sort((a, b) => b - a), Array.from({ length: 20 }, (_, index) => 19 - index));
  for (const { headers } of refused) assert.match(headers.get("ratelimit"), /^"key-day";r=0;t=\d+$/);
});

test("all counters of a run count together, or none", async () => {
  const prompt = fresh("p");
  const take = () => worker.call(COUNTS, prompt, "take", [MINUTE, DAY]);
  const taken = [await take(), await take(), await take()];
  assert.deepEqual(taken.map(({ admitted }) => admitted), [true, true, false]);
  assert.deepEqual(taken.map(({ used }) => used), [[1, 1], [2, 2], [2, 2]]);
  for (const { resetS: [minute, day] } of taken) {
    assert.ok(minute >= 1 && minute <= 60 && day >= 1 && day <= 86_400);
  }
});

test("a window ends with its last millisecond", async () => {
  const prompt = fresh("p");
  const noon = Date.UTC(2030, 0, 1, 12);
  const take = async (fixedMs) => {
    await worker.set({ fixedMs });
    return worker.call(COUNTS, prompt, "take", [MINUTE]);
  };
  assert.deepEqual(await take(noon), { admitted: true, used: [1], resetS: [60] });
  assert.deepEqual(await take(noon + 59_999), { admitted: true, used: [2], resetS: [1] });
  assert.deepEqual(await take(noon + 60_000), { admitted: true, used: [1], resetS: [60] });
  assert.deepEqual(await take(noon + 59_000), { admitted: true, used: [2], resetS: [61] }); // a clock steps back
  await worker.set({ fixedMs: null });
});

test("counts follow a model of them, whatever the counters and however time passes", async () => {
  let seed = 20261124;
  const random = (below) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const start = Date.UTC(2030, 0, 1);
  const memory = new MemoryState();
  memory.nowMs = start;
  await worker.set({ fixedMs: start });
  for (let step = 0; step < 150; step += 1) {
    memory.nowMs += random(4) === 0 ? random(90_000) : random(500);
    await worker.set({ fixedMs: memory.nowMs });
    const counters = Array.from({ length: 1 + random(3) }, (_, index) => ({
      name: `c${index}-${random(2)}`,
      ceiling: 1 + random(6),
      windowS: [1, 60, 3600][index],
    }));
    const prompt = `model-${random(2)}`;
    const expected = await memory.take(prompt, counters);
    assert.deepEqual(await worker.call(COUNTS, prompt, "take", counters), expected, `step ${step}`);
  }
  await worker.set({ fixedMs: null });
});

test("a claim is one holder's, to keep and to release", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const other = { ...claim, run: "run_2" };
  const ask = (method, ...args) => worker.call(CLAIMS, "0", method, ...args);
  assert.deepEqual(await ask("claim", claim), { kind: "ours" });
  assert.deepEqual(await ask("claim", claim), { kind: "ours" }); // whose first answer was lost
  assert.deepEqual(await ask("claim", other), { kind: "running" });
  assert.deepEqual(await ask("claim", { ...other, body: "c" }), { kind: "mismatch" });
  await ask("release", other);
  await ask("keep", other, "not ours");
  assert.deepEqual(await ask("claim", other), { kind: "running" });
  await ask("keep", claim, "answer");
  await ask("keep", claim, "another");
  await ask("release", claim);
  assert.deepEqual(await ask("claim", other), { kind: "answered", answer: "answer" });
  assert.deepEqual(await ask("claim", { ...other, body: "c" }), { kind: "mismatch" });
});

test("a released claim is the next one's", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  await worker.call(CLAIMS, "0", "claim", claim);
  await worker.call(CLAIMS, "0", "release", claim);
  assert.deepEqual(await worker.call(CLAIMS, "0", "claim", { ...claim, run: "run_2" }), { kind: "ours" });
});

test("a lease ends by itself, and who held it can keep nothing more", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const next = { ...claim, run: "run_2" };
  const ask = (method, ...args) => worker.call(CLAIMS, "0", method, ...args);
  const start = Date.UTC(2030, 0, 1);
  await worker.set({ fixedMs: start });
  await ask("claim", claim);
  await worker.set({ fixedMs: start + LEASE_MS - 1 });
  assert.deepEqual(await ask("claim", next), { kind: "running" });
  await worker.set({ fixedMs: start + LEASE_MS });
  await ask("keep", claim, "too late");
  assert.deepEqual(await ask("claim", next), { kind: "ours" });
  await ask("keep", claim, "too late");
  await ask("release", claim);
  assert.deepEqual(await ask("claim", claim), { kind: "running" });
  await worker.set({ fixedMs: null });
});

test("an answer is kept for a day from when it was there", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const ask = (method, ...args) => worker.call(CLAIMS, "0", method, ...args);
  const start = Date.UTC(2030, 0, 1);
  await worker.set({ fixedMs: start });
  await ask("claim", claim);
  await worker.set({ fixedMs: start + 60_000 });
  await ask("keep", claim, "answer");
  await worker.set({ fixedMs: start + 60_000 + DAY_MS - 1 });
  assert.equal((await ask("claim", claim)).kind, "answered");
  await worker.set({ fixedMs: start + 60_000 + DAY_MS });
  assert.equal((await ask("claim", claim)).kind, "ours");
  await worker.set({ fixedMs: null });
});

test("the longest answer that is kept fits", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const answer = "\u{1f30d}".repeat(65_536); // 262144 bytes
  await worker.call(CLAIMS, "0", "claim", claim);
  await worker.call(CLAIMS, "0", "keep", claim, answer);
  assert.deepEqual(await worker.call(CLAIMS, "0", "claim", claim), { kind: "answered", answer });
});

test("claims spread over sixteen objects", async () => {
  answers(() => said("Hello"));
  const before = await claimRows();
  await Promise.all(Array.from({ length: 64 }, () => run({ headers: { "idempotency-key": fresh("order") } })));
  const rows = await claimRows();
  const added = rows.map((count, index) => count - before[index]);
  assert.equal(added.reduce((sum, count) => sum + count), 64);
  assert.ok(added.filter((count) => count > 0).length > 8, added.join());
});

async function claimRows() {
  const shards = [..."0123456789abcdef"];
  return Promise.all(shards.map(async (shard) => (await worker.call(CLAIMS, shard, "rows", "claims")).length));
}

test("rows that have ended are swept by an alarm, and those that have not are left", async () => {
  const soon = { name: fresh("soon"), body: "b", run: "run_1" };
  const later = { ...soon, name: fresh("later") };
  const ask = (method, ...args) => worker.call(CLAIMS, "sweep", method, ...args);
  // The alarm is due an hour after the first claim. By the object's clock that was an hour ago, but for a moment.
  await worker.set({ aheadMs: 300 - HOUR_MS });
  await ask("claim", soon);
  await worker.set({ aheadMs: 0 });
  await ask("claim", later);
  await eventually(async () => (await ask("rows", "claims")).length === 1);
  assert.deepEqual((await ask("rows", "claims")).map(({ name }) => name), [later.name]);
  assert.ok(Math.abs((await ask("dueIn")) - HOUR_MS) < 60_000); // its lease ends earlier than the next sweep
});

test("the next sweep waits for the first row to end, and where there is none there is none", async () => {
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const ask = (method, ...args) => worker.call(CLAIMS, "next", method, ...args);
  await ask("claim", claim);
  await ask("keep", claim, "answer");
  await ask("sweep");
  assert.ok(Math.abs((await ask("dueIn")) - DAY_MS) < 60_000);
  await worker.set({ aheadMs: DAY_MS + 1 });
  await ask("sweep");
  await worker.set({ aheadMs: 0 });
  assert.deepEqual(await ask("rows", "claims"), []);
  assert.equal(await ask("dueIn"), null);
  await ask("claim", claim);
  assert.ok(Math.abs((await ask("dueIn")) - HOUR_MS) < 60_000);
});

test("counts are swept too", async () => {
  const prompt = fresh("p");
  await worker.call(COUNTS, prompt, "take", [MINUTE, DAY]);
  await worker.set({ aheadMs: 61_000 });
  await worker.call(COUNTS, prompt, "sweep");
  await worker.set({ aheadMs: 0 });
  assert.deepEqual((await worker.call(COUNTS, prompt, "rows", "counts")).map(({ name }) => name), [DAY.name]);
});

test("what one run costs in rows is two for its key, and one for each limit", async () => {
  const prompt = fresh("p");
  const claim = { name: fresh("claim"), body: "b", run: "run_1" };
  const spent = async (binding, object, method, ...args) => {
    const before = await worker.call(binding, object, "written");
    await worker.call(binding, object, method, ...args);
    return (await worker.call(binding, object, "written")) - before;
  };
  await worker.call(COUNTS, prompt, "take", [MINUTE, DAY]); // makes the alarm
  assert.equal(await spent(COUNTS, prompt, "take", [MINUTE, DAY]), 2);
  assert.equal(await spent(CLAIMS, "0", "claim", claim), 1);
  assert.equal(await spent(CLAIMS, "0", "keep", claim, "answer"), 1);
});

test("claims, counts and answers survive a restart", async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  answers(() => said("Hello"));
  const request = { prompt: "limited", name: "Ada", headers: { "idempotency-key": "order" } };
  const held = { name: "held", body: "b", run: "run_1" };
  const first = await launch(folder);
  const told = await (await run({ ...request, at: first })).text();
  await first.call(CLAIMS, "0", "claim", held);
  await first.stop();
  const second = await launch(folder);
  context.after(() => second.stop());
  assert.equal(await (await run({ ...request, at: second })).text(), told);
  assert.deepEqual(await second.call(CLAIMS, "0", "claim", { ...held, run: "run_2" }), { kind: "running" });
  const response = await run({ prompt: "limited", at: second });
  assert.match(response.headers.get("ratelimit"), /r=18;/);
  assert.equal(calls, 2);
});

test("a store that fails is a 503, and the log says why", async () => {
  answers(() => said("Hello"));
  await worker.set({ down: true });
  const responses = [
    await run({ prompt: "limited" }),
    await run({ headers: { "idempotency-key": fresh("order") } }),
  ];
  await worker.set({ down: false });
  for (const response of responses) {
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal((await response.json()).code, "unavailable");
  }
  assert.equal(calls, 0);
  await eventually(() => worker.log.some((line) => line.includes("The store at Cloudflare does not answer: down")));
});

test("a client that goes away from its stream gives its key back", async () => {
  answers(({ stream }) => (stream ? endless() : said("Hello")));
  const headers = { "idempotency-key": fresh("order") };
  const gone = sendStream({ name: "Ada", headers });
  const [response] = await once(gone, "response");
  await once(response, "data");
  gone.destroy();
  await eventually(async () => {
    const again = await run({ name: "Ada", body: { stream: true }, headers });
    await again.body.cancel();
    return again.status === 200;
  });
});

test("clients that go away at any moment before give theirs back too", async () => {
  answers(({ stream }) => (stream ? endless() : said("Hello")));
  const keys = Array.from({ length: 20 }, () => fresh("order"));
  await Promise.all(
    keys.map(async (key, index) => {
      const request = sendStream({ name: "Ada", headers: { "idempotency-key": key } });
      await new Promise((resolve) => setTimeout(resolve, index));
      request.destroy();
    }),
  );
  for (const key of keys) {
    await eventually(async () => {
      const again = await run({ name: "Ada", body: { stream: true }, headers: { "idempotency-key": key } });
      await again.body.cancel();
      return again.status === 200;
    });
  }
});

/** A model that goes on until the tests are over. */
function endless() {
  const delta = 'data: {"type":"response.output_text.delta","delta":"word "}\n\n';
  const pull = async (controller) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (over) controller.close();
    else controller.enqueue(new TextEncoder().encode(delta));
  };
  return new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/event-stream" } });
}

/** A streamed run, over a connection of its own. */
function sendStream({ name, headers }) {
  const all = { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...headers };
  const url = new URL("/v1/prompts/greet/run", worker.url);
  const request = http.request(url, { method: "POST", headers: all, agent: false });
  request.on("error", () => {});
  request.on("response", (response) => response.on("error", () => {}).resume());
  request.end(JSON.stringify({ variables: { name }, cache: "bypass", stream: true }));
  return request;
}

test("what was answered is in the namespace, and answered again", async () => {
  answers(({ stream }) => (stream ? streaming("Hello") : said("Hello")));
  const request = { name: fresh("Eve"), body: { cache: "default" } };
  assert.equal((await (await run(request)).json()).cache.status, "miss");
  await eventually(async () => (await (await run(request)).json()).cache.status === "exact");
  const asked = calls;
  const stream = await (await run({ ...request, body: { cache: "default", stream: true } })).text();
  assert.deepEqual(eventsOf(stream).map(([type]) => type), ["start", "delta", "done"]);
  assert.equal((await (await run({ ...request, body: { cache: "bypass" } })).json()).cache.status, "bypass");
  assert.equal(calls, asked + 1);
});

test("refresh takes the place of what is in the namespace", async () => {
  let text = "old";
  answers(() => said(text));
  const name = fresh("Eve");
  const cached = async (cache = "default") => (await run({ name, body: { cache } })).json();
  await eventually(async () => (await cached()).cache.status === "exact");
  text = "new";
  assert.equal((await cached()).output.text, "old");
  assert.equal((await cached("refresh")).cache.status, "miss");
  await eventually(async () => (await cached()).output.text === "new");
});

test("an entry that holds for less than KV's minute ends when the prompt says", async () => {
  answers(() => said("Hello"));
  const name = fresh("Eve");
  const cached = async () => (await (await run({ name, body: { cache: "default" } })).json()).cache.status;
  await eventually(async () => (await cached()) === "exact");
  const namespace = await worker.kv();
  const { keys } = await namespace.list();
  for (const { name: key, metadata, expiration } of keys) {
    assert.match(key, /^[0-9a-f]{64}$/);
    const { value } = await namespace.getWithMetadata(key);
    assert.ok(Math.abs(metadata.until - Date.now() - 30_000) < 30_000);
    assert.ok(expiration * 1000 > metadata.until);
    await namespace.put(key, value, { metadata: { until: Date.now() - 1 } });
  }
  assert.equal(await cached(), "miss");
});
