// What smoke.mjs asks an endpoint of this project, and what it takes to ask one without a model.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const project = fileURLToPath(new URL("..", import.meta.url));
const bundle = readJson("src/bundle.json");

function readJson(path) {
  return JSON.parse(readFileSync(`${project}/${path}`, "utf8"));
}

/** A key, and the value of PROMPTSTUDIO_KEYS that lets it in. */
export function createKey() {
  const key = `ps_live_${randomBytes(20).toString("hex")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  const record = { id: "key_smoke", name: "smoke", hash, created_at: new Date().toISOString() };
  return { key, keys: JSON.stringify([record]) };
}

/** Copy `src` and these files to `folder`, with every prompt answered by the echo model. */
export function copyWithEcho(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const name of ["src", ...files]) cpSync(`${project}/${name}`, `${folder}/${name}`, { recursive: true });
  writeFileSync(`${folder}/src/bundle.json`, JSON.stringify(withEcho(structuredClone(bundle))));
}

/** Limits would count these runs too, and need the store that is not here. */
function withEcho(bundle) {
  bundle.providers = { echo: { type: "echo", base_url: "", timeout_s: 300 } };
  for (const prompt of Object.values(bundle.prompts)) {
    for (const version of Object.values(prompt.versions)) {
      Object.assign(version, { provider: "echo", api: "echo", model: "echo/echo", config: {} });
      delete version.limits;
      delete version.cache;
    }
  }
  return bundle;
}

/** Ask the endpoint at `base` for everything it has; throws where an answer is not as it should be. */
export async function check(base, key) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const health = await answer(fetch(new URL("/health", base)), 200);
  assert.deepEqual(health, { status: "ok", bundle: bundle.hash });

  const refusal = await answer(fetch(new URL("/v1/prompts", base)), 401);
  assert.equal(refusal.code, "unauthorized");

  const { prompts } = await answer(fetch(new URL("/v1/prompts", base), { headers }), 200);
  assert.deepEqual(prompts.map(({ name }) => name).sort(), Object.keys(bundle.prompts).sort());

  for (const name of Object.keys(bundle.prompts)) {
    await checkRuns(base, headers, name, readJson(`test/requests/${name}.json`));
  }
}

/** Ask for a run twice under one Idempotency-Key; throws where the second answer is not the first one. */
export async function checkReplay(base, key) {
  const [name] = Object.keys(bundle.prompts);
  if (name === undefined) return;
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    "idempotency-key": randomBytes(16).toString("hex"),
  };
  const body = JSON.stringify(readJson(`test/requests/${name}.json`));
  const run = () => answer(fetch(new URL(`/v1/prompts/${name}/run`, base), { method: "POST", headers, body }), 200);
  const first = await run();
  assert.deepEqual(await run(), first);
}

async function checkRuns(base, headers, name, body) {
  const run = (body) =>
    fetch(new URL(`/v1/prompts/${name}/run`, base), { method: "POST", headers, body: JSON.stringify(body) });
  const result = await answer(run(body), 200);
  assert.equal(result.prompt, name);
  assert.equal(typeof result.output.text, "string");

  const stream = await run({ ...body, stream: true });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  const frames = (await stream.text()).split("\n\n").filter((frame) => frame.startsWith("event: "));
  assert.match(frames[0], /^event: start\n/);
  assert.match(frames.at(-1), /^event: done\n/);
}

async function answer(pending, status) {
  const response = await pending;
  const body = await response.json();
  assert.equal(response.status, status, JSON.stringify(body));
  return body;
}
