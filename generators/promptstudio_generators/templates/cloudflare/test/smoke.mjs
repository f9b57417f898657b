// node test/smoke.mjs       runs this Worker here, with an echo in the place of every model, and asks it
// node test/smoke.mjs URL   asks a deployed Worker, whose key PROMPTSTUDIO_KEY holds

import assert from "node:assert/strict";
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
  const worker = await startLocally(key);
  try {
    await check(await worker.url, key);
  } finally {
    await worker.dispose();
  }
}
console.log("The Worker answers as it should.");

/** Start a copy of this Worker whose prompts are all answered by the echo model. */
async function startLocally(key) {
  Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" });
  const { unstable_startWorker } = await import("wrangler");
  const copy = `${project}/.wrangler/smoke`;
  mkdirSync(copy, { recursive: true });
  cpSync(`${project}/src`, `${copy}/src`, { recursive: true });
  cpSync(`${project}/wrangler.jsonc`, `${copy}/wrangler.jsonc`);
  writeFileSync(`${copy}/src/bundle.json`, JSON.stringify(withEcho(structuredClone(bundle))));
  const hash = createHash("sha256").update(key).digest("hex");
  const keys = [{ id: "key_smoke", name: "smoke", hash, created_at: new Date().toISOString() }];
  return unstable_startWorker({
    config: `${copy}/wrangler.jsonc`,
    envFiles: [],
    bindings: { PROMPTSTUDIO_KEYS: { type: "plain_text", value: JSON.stringify(keys) } },
    dev: {
      inspector: false,
      logLevel: "error",
      persist: false,
      server: { hostname: "127.0.0.1", port: 0 },
      watch: false,
    },
  });
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
