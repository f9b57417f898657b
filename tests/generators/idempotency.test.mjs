// Idempotency-Key at the TypeScript endpoint: one run for all requests that bring the same key.

import assert from "node:assert/strict";
import { test } from "node:test";

import { provider } from "./endpoint.mjs";
import {
  deferred,
  eventsOf,
  greet,
  OTHER_KEY,
  RESPONSES,
  RUN,
  said,
  serve,
  streaming,
  unavailable,
  until,
} from "./stages.mjs";

const NAMED = { "idempotency-key": "order-1" };
const EVENT_STREAM = { ...NAMED, accept: "text/event-stream" };

function claimed(more = {}) {
  return greet({ ...more, headers: { ...NAMED, ...more.headers } });
}

/** Silences the log, and gives its lines. */
function quiet(context) {
  const log = context.mock.method(console, "error", () => {});
  return () => log.mock.calls.map(({ arguments: [line] }) => line);
}

test("fifty requests at once with one key call the model once, and all get its answer", async (context) => {
  const answer = deferred();
  const calls = provider(context, () => answer.promise);
  const { send } = serve();
  const refused = [];
  const pending = Array.from({ length: 50 }, async () => {
    const response = await send(claimed());
    if (response.status !== 200) refused.push(response);
    return response;
  });
  await until(() => refused.length === 49);
  for (const response of refused) {
    assert.equal(response.status, 409);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal((await response.json()).code, "conflict");
  }
  answer.resolve(said("Hello Ada"));
  const winner = (await Promise.all(pending)).find(({ status }) => status === 200);
  const first = await winner.text();
  const again = await Promise.all(Array.from({ length: 50 }, () => send(claimed())));
  for (const response of again) assert.equal(await response.text(), first);
  assert.equal(calls.mock.callCount(), 1);
});

test("what is given again is what was answered, to the byte, with a request id of its own", async (context) => {
  provider(context, async () => said("Hello 🌍 \u2028"));
  const { send } = serve();
  const first = await send(claimed());
  const again = await send(claimed());
  assert.equal(await again.text(), await first.text());
  assert.equal(again.headers.get("content-type"), "application/json");
  assert.notEqual(again.headers.get("x-request-id"), first.headers.get("x-request-id"));
});

test("the Accept header of whoever asks again says whether a kept answer is a stream", async (context) => {
  const answers = [said("Hello Ada"), streaming("Hello Eve")];
  provider(context, async () => answers.shift());
  const { send } = serve();
  const whole = await (await send(claimed())).text();
  const frames = await (await send(claimed({ headers: EVENT_STREAM }))).text();
  const { id, prompt, version, model } = JSON.parse(whole);
  const start = `event: start\ndata: ${JSON.stringify({ id, prompt, version, model })}\n\n`;
  const delta = 'event: delta\ndata: {"text":"Hello Ada"}\n\n';
  assert.equal(frames, `${start}${delta}event: done\ndata: ${whole}\n\n`);
  const other = { accept: "text/event-stream", "idempotency-key": "order-2" };
  const told = eventsOf(await (await send(claimed({ headers: other }))).text());
  const kept = await (await send(claimed({ headers: { "idempotency-key": "order-2" } }))).json();
  assert.deepEqual(kept, told.at(-1)[1]);
});

for (const path of [RUN, RESPONSES]) {
  test(`a stream given again has its text in one delta, and else the same frames (${path})`, async (context) => {
    provider(context, async () => streaming("Hello Ada"));
    const { send } = serve();
    const body = { stream: true };
    const first = eventsOf(await (await send(claimed({ path, body }))).text());
    const response = await send(claimed({ path, body }));
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const again = eventsOf(await response.text());
    const isDelta = ([type]) => type.endsWith("delta");
    const deltas = first.filter(isDelta);
    assert.equal(deltas.length, 3);
    const joined = deltas.map(([, data]) => data.text ?? data.delta).join("");
    const [type, { text, ...rest }] = deltas[0];
    const one = [type, text === undefined ? { ...rest, delta: joined } : { text: joined }];
    const place = first.findIndex(isDelta);
    const expected = [...first.slice(0, place), one, ...first.slice(place + 3)];
    const numbered = expected.map(([name, data], index) =>
      data.sequence_number === undefined ? [name, data] : [name, { ...data, sequence_number: index }],
    );
    assert.deepEqual(again, numbered);
  });
}

test("an empty answer is given again without a delta", async (context) => {
  provider(context, async () => streaming(""));
  const { send } = serve();
  const body = { stream: true };
  await (await send(claimed({ body }))).text();
  const types = eventsOf(await (await send(claimed({ body }))).text()).map(([type]) => type);
  assert.deepEqual(types, ["start", "done"]);
});

test("a response that was cut short is told as incomplete again", async (context) => {
  const reason = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
  provider(context, async () => streaming("Hel", reason));
  const { send } = serve();
  const ask = () => send(claimed({ path: RESPONSES, body: { stream: true } }));
  const first = eventsOf(await (await ask()).text());
  const again = eventsOf(await (await ask()).text());
  assert.equal(again.at(-1)[0], "response.incomplete");
  assert.deepEqual(again, first);
});

test("what is given again comes from what was kept, not from the prompts of today", async (context) => {
  provider(context, async () => said("Hello Ada"));
  const before = serve();
  const whole = await (await before.send(claimed())).text();
  const after = serve({ model: "openai/other", output: { format: "json" } }, { state: before.state });
  const frames = eventsOf(await (await after.send(claimed({ headers: EVENT_STREAM }))).text());
  assert.equal(frames[0][1].model, "openai/gpt-5.4-mini");
  assert.deepEqual(frames.at(-1)[1], JSON.parse(whole));
});

test("another body under the same key is refused, while the first runs and after it", async (context) => {
  const answer = deferred();
  const calls = provider(context, () => answer.promise);
  const { send } = serve();
  const first = send(claimed());
  await until(() => calls.mock.callCount() === 1);
  const during = await send(claimed({ name: "Eve" }));
  answer.resolve(said("Hello Ada"));
  await first;
  const after = await send(claimed({ name: "Eve" }));
  for (const response of [during, after]) {
    assert.equal(response.status, 409);
    assert.equal((await response.json()).code, "idempotency_mismatch");
  }
});

test("a key is its API key's own, and its path's", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send } = serve();
  await send(claimed());
  assert.equal((await send(claimed({ key: OTHER_KEY }))).status, 200);
  assert.equal((await send(claimed({ path: RESPONSES }))).status, 200);
  assert.equal((await send(claimed({ path: "/v1/prompts/pmpt_greet/run" }))).status, 200);
  assert.equal(calls.mock.callCount(), 4);
});

test("a store learns neither key nor Idempotency-Key", async (context) => {
  provider(context, async () => said("Hello"));
  const { send, state } = serve();
  await send(claimed());
  const [[name, { body }]] = state.claims;
  assert.match(name, /^[0-9a-f]{64}$/);
  assert.match(body, /^[0-9a-f]{64}$/);
});

test("an answer is kept for a day", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send, state } = serve();
  await send(claimed());
  state.nowMs += 86_400_000 - 1;
  await send(claimed());
  assert.equal(calls.mock.callCount(), 1);
  state.nowMs += 1;
  await send(claimed());
  assert.equal(calls.mock.callCount(), 2);
});

const FAILURES = {
  "a provider that refuses": () => new Response("", { status: 400 }),
  "a provider that answers garbage": () => new Response("{"),
  "a provider that breaks off": () => streaming("Hello", { status: "failed" }),
};
for (const [what, answer] of Object.entries(FAILURES)) {
  for (const stream of [false, true]) {
    test(`after ${what} the key may be used again (stream: ${stream})`, async (context) => {
      const answers = [answer(), stream ? streaming("Hello") : said("Hello")];
      provider(context, async () => answers.shift());
      const { send, state } = serve();
      const failed = await (await send(claimed({ body: { stream } }))).text();
      assert.match(failed, /"code":"provider_/);
      assert.equal(state.claims.size, 0);
      assert.match(await (await send(claimed({ body: { stream } }))).text(), /Hel/);
    });
  }
}

test("an answer that breaks its promise gives the key back", async (context) => {
  provider(context, async () => said("no JSON"));
  const { send, state } = serve({ output: { format: "json" } });
  assert.equal((await send(claimed())).status, 502);
  assert.equal(state.claims.size, 0);
});

test("a claim is given back before the refusal is told", async (context) => {
  provider(context, async () => new Response("", { status: 400 }));
  const { send, state } = serve();
  const release = deferred();
  state.release = () => release.promise;
  let told = false;
  const pending = send(claimed()).then(() => (told = true));
  await until(() => state.count("claim") === 1);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.equal(told, false);
  release.resolve();
  await pending;
});

test("a stream's answer is kept before its last frame is told", async (context) => {
  provider(context, async () => streaming("Hello"));
  const { send, state } = serve();
  const keep = deferred();
  state.keep = () => keep.promise;
  const reader = (await send(claimed({ body: { stream: true } }))).body.getReader();
  let text = "";
  while (!text.includes('"lo"')) text += new TextDecoder().decode((await reader.read()).value);
  const last = reader.read();
  const first = await Promise.race([last, new Promise((resolve) => setImmediate(() => resolve("nothing yet")))]);
  assert.equal(first, "nothing yet");
  keep.resolve();
  assert.match(new TextDecoder().decode((await last).value), /^event: done/);
});

test("a client that goes away before the answer gives the key back", async (context) => {
  const lines = quiet(context);
  const client = new AbortController();
  const calls = provider(
    context,
    (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const { send, state } = serve();
  const pending = send(claimed(), client.signal);
  await until(() => calls.mock.callCount() === 1);
  assert.equal(state.claims.size, 1);
  client.abort();
  await pending;
  assert.equal(state.claims.size, 0);
  assert.deepEqual(lines(), []);
});

for (const how of ["cancels", "aborts"]) {
  test(`a client that ${how} its stream gives the key back`, async (context) => {
    const lines = quiet(context);
    const client = new AbortController();
    provider(context, async (_, { signal }) => {
      const body = new ReadableStream({
        start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
      });
      return new Response(body);
    });
    const { send, state } = serve();
    const response = await send(claimed({ body: { stream: true } }), client.signal);
    const reader = response.body.getReader();
    await reader.read();
    const pending = reader.read();
    if (how === "cancels") await reader.cancel();
    else client.abort();
    assert.equal((await pending).done, true);
    assert.equal(state.claims.size, 0);
    assert.deepEqual(lines(), []);
  });
}

test("a client that goes away when all was told takes nothing back", async (context) => {
  provider(context, async () => streaming("Hello"));
  const { send, state } = serve();
  const reader = (await send(claimed({ body: { stream: true } }))).body.getReader();
  let text = "";
  while (!text.includes("event: done")) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  assert.equal(state.count("release"), 0);
  const again = await (await send(claimed({ body: { stream: true } }))).text();
  assert.equal(eventsOf(again).at(-1)[1].id, eventsOf(text)[0][1].id);
});

test("work on a claim goes on when its request has been answered", async (context) => {
  const works = [];
  const call = deferred();
  provider(context, () => call.promise);
  const { send } = serve({}, { waitUntil: (work) => works.push(work) });
  const pending = send(claimed());
  await until(() => works.length === 1);
  let settled = false;
  works[0].then(() => (settled = true));
  await new Promise(setImmediate);
  assert.equal(settled, false);
  call.resolve(said("Hello"));
  await pending;
  await works[0];
});

test("only a stream that holds a claim goes the way that tells of its client's going", async (context) => {
  provider(context, async () => streaming("Hello"));
  let piped = 0;
  const pipe = (stream) => {
    piped += 1;
    return stream.pipeThrough(new TransformStream());
  };
  const { send } = serve({ limits: [{ requests: 9, per: "day", by: "prompt" }] }, { pipe });
  const body = { stream: true };
  const told = [await send(greet({ body })), await send(claimed({ body }))];
  for (const response of told) assert.match(await response.text(), /event: done/);
  assert.equal(piped, 1);
});

test("an answer beyond the bound is told but not kept", async (context) => {
  const calls = provider(context, async () => said("é".repeat(131_072)));
  const { send, state } = serve();
  assert.equal((await send(claimed())).status, 200);
  assert.equal(state.claims.size, 0);
  await send(claimed());
  assert.equal(calls.mock.callCount(), 2);
});

const BAD_KEYS = { "no characters": "", "256 characters": "k".repeat(256), "a letter beyond ASCII": "\u00e9", "a tab": "a\tb" };
for (const [what, value] of Object.entries(BAD_KEYS)) {
  test(`a key of ${what} is refused before anything is claimed`, async (context) => {
    const calls = provider(context, async () => said("Hello"));
    const { send, state } = serve();
    const response = await send(claimed({ headers: { "idempotency-key": value } }));
    assert.equal(response.status, 400);
    const { code, detail } = await response.json();
    assert.equal(code, "invalid_request");
    assert.equal(detail, "The header Idempotency-Key should have 1 to 255 characters of printable ASCII.");
    assert.equal(state.calls.length + calls.mock.callCount(), 0);
  });
}

for (const value of ["k".repeat(255), "__proto__", "'; DROP TABLE claims; --", "a b", '["x","y"]', "~!\"#$%&"]) {
  test(`a key may be ${value.slice(0, 30)}`, async (context) => {
    const calls = provider(context, async () => said("Hello"));
    const { send } = serve();
    const ask = () => send(claimed({ headers: { "idempotency-key": value } }));
    assert.equal(await (await ask()).text(), await (await ask()).text());
    assert.equal(calls.mock.callCount(), 1);
  });
}

test("the wrong variables are told before a key is looked at", async () => {
  const { send, state } = serve();
  const response = await send(claimed({ body: { variables: {} }, headers: { "idempotency-key": "" } }));
  assert.equal(response.status, 422);
  assert.equal(state.calls.length, 0);
});

test("without a store the header has no effect, whatever it holds", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send } = serve({}, { stateOf: undefined });
  for (const key of ["order-1", "order-1", ""]) {
    assert.equal((await send(claimed({ headers: { "idempotency-key": key } }))).status, 200);
  }
  assert.equal(calls.mock.callCount(), 3);
});

test("a store that is out of reach lets nobody run", async (context) => {
  const calls = provider(context, async () => said("Hello"));
  const { send, state } = serve();
  state.error = unavailable();
  state.failing.add("claim");
  const response = await send(claimed());
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal((await response.json()).code, "unavailable");
  assert.equal(calls.mock.callCount(), 0);
});

/** An endpoint whose store takes the first claim and does not say so. */
function serveLossy(host = {}) {
  const { send, state } = serve({}, host);
  const { claim } = state;
  state.claim = async (wanted) => {
    state.claim = claim;
    await state.claim(wanted);
    throw unavailable();
  };
  return { send, state };
}

test("a claim whose answer was lost is given back beside the refusal", async (context) => {
  provider(context, async () => said("Hello"));
  const works = [];
  const { send, state } = serveLossy({ waitUntil: (work) => works.push(work) });
  const { release } = state;
  const goOn = deferred();
  state.release = async (claim) => {
    await goOn.promise;
    await release.call(state, claim);
  };
  assert.equal((await send(claimed())).status, 503);
  assert.equal(state.claims.size, 1);
  assert.equal(works.length, 1);
  goOn.resolve();
  await works[0];
  assert.equal((await send(claimed({ name: "Eve" }))).status, 200);
});

test("a claim whose answer was lost and that cannot be given back is logged", async (context) => {
  const lines = quiet(context);
  const works = [];
  const { send, state } = serveLossy({ waitUntil: (work) => works.push(work) });
  state.error = unavailable();
  state.failing.add("release");
  assert.equal((await send(claimed())).status, 503);
  await Promise.all(works);
  assert.deepEqual(
    lines().map((line) => line.replace(/^\S+/, "")),
    [" could not release its claim: store_unavailable"],
  );
});

test("what another request runs is not given back by one that was refused", async (context) => {
  const answer = deferred();
  const calls = provider(context, () => answer.promise);
  const { send, state } = serve();
  const first = send(claimed());
  await until(() => calls.mock.callCount() === 1);
  const { claim } = state;
  state.claim = async () => Promise.reject(unavailable());
  assert.equal((await send(claimed())).status, 503);
  state.claim = claim;
  await until(() => state.count("release") === 1);
  assert.equal((await send(claimed())).status, 409);
  answer.resolve(said("Hello"));
  assert.equal((await first).status, 200);
});

for (const stream of [false, true]) {
  test(`a store that fails to keep is logged, and the answer told (stream: ${stream})`, async (context) => {
    const lines = quiet(context);
    provider(context, async () => (stream ? streaming("Hello") : said("Hello")));
    const { send, state } = serve();
    state.failing.add("keep");
    const response = await send(claimed({ body: { stream } }));
    assert.match(await response.text(), /Hel/);
    assert.equal(response.status, 200);
    assert.match(lines()[0], new RegExp(`^${response.headers.get("x-request-id")} could not keep its answer: Error`));
    assert.equal(lines().length, 1);
    assert.equal((await send(claimed({ body: { stream } }))).status, 409); // until its lease ends
    state.nowMs += 900_000;
    assert.match(await (await send(claimed({ body: { stream } }))).text(), /Hel/);
  });
}

test("a store that fails to release is logged, and the refusal told", async (context) => {
  const lines = quiet(context);
  provider(context, async () => new Response("", { status: 400 }));
  const { send, state } = serve();
  state.failing.add("release");
  assert.equal((await send(claimed())).status, 502);
  assert.match(lines()[0], /could not release its claim: Error/);
});
