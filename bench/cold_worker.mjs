// node cold_worker.mjs PACKAGE_JSON WORKER_JS ROUNDS: starts of a bundled Worker under miniflare, one JSON line each.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [tools, script, rounds] = process.argv.slice(2);
const { Miniflare } = createRequire(tools)("miniflare");
const { path, body, headers } = JSON.parse(process.env.COLD_RUN);
const options = {
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(script, "utf8") }],
  bindings: { PROMPTSTUDIO_KEYS: process.env.PROMPTSTUDIO_KEYS },
  compatibilityDate: "2026-04-01",
  host: "127.0.0.1",
  port: 0,
  cf: false,
};

for (let round = 0; round < Number(rounds); round++) {
  const began = performance.now();
  const worker = new Miniflare(options);
  const url = await worker.ready;
  const ready = performance.now();
  const answer = await fetch(new URL(path, url), { method: "POST", headers, body });
  const text = await answer.text();
  const answered = performance.now();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
  console.log(JSON.stringify({ ready: ready - began, answered: answered - ready }));
  await worker.dispose();
}
