// node test/smoke.mjs       runs this function here, with an echo in the place of every model, and asks it
// node test/smoke.mjs URL   asks a deployed one, whose key PROMPTSTUDIO_KEY holds

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));
const bundle = readJson("src/bundle.json");

const [url] = process.argv.slice(2);
if (url) {
  await check(new URL(url), process.env.PROMPTSTUDIO_KEY ?? "");
} else {
  const key = `ps_live_${randomBytes(20).toString("hex")}`;
  const server = await startLocally(key);
  try {
    await check(new URL(server.url), key);
  } finally {
    await server.close();
  }
}
console.log("The function answers as it should.");

/** Build and start a copy of this project whose prompts are all answered by the echo model. */
async function startLocally(key) {
  const copy = `${project}/.vercel/smoke`;
  mkdirSync(copy, { recursive: true });
  for (const name of ["src", "build.mjs", "vercel.json"]) {
    cpSync(`${project}/${name}`, `${copy}/${name}`, { recursive: true });
  }
  writeFileSync(`${copy}/src/bundle.json`, JSON.stringify(withEcho(structuredClone(bundle))));
  execFileSync(process.execPath, [`${copy}/build.mjs`], { stdio: "inherit" });
  const hash = createHash("sha256").update(key).digest("hex");
  const keys = [{ id: "key_smoke", name: "smoke", hash, created_at: new Date().toISOString() }];
  const { serve } = await import("../serve.mjs");
  return serve(copy, { PROMPTSTUDIO_KEYS: JSON.stringify(keys) }, 0);
}
function readJson(path) {
  return JSON.parse(readFileSync(`${project}/${path}`, "utf8"));
}

function withEcho(bundle) {
  bundle.providers = { echo: { type: "echo", base_url: "", timeout_s: 300 } };
  for (const prompt of Object.values(bundle.prompts)) {
    for (const version of Object.values(prompt.versions)) {
      Object.assign(version, { provider: "echo", api: "echo", model: "echo/echo", config: {} });
    }
  }
  return bundle;
}

async function check(base, key) {
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
