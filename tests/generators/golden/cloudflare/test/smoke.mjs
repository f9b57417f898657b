// node test/smoke.mjs       runs this Worker here, with an echo in the place of every model, and asks it
// node test/smoke.mjs URL   asks a deployed Worker, whose key PROMPTSTUDIO_KEY holds

import { readFileSync } from "node:fs";

import { check, checkReplay, copyWithEcho, createKey, project } from "./checks.mjs";

const hasStore = readFileSync(`${project}/wrangler.jsonc`, "utf8").includes("durable_objects");
const [url] = process.argv.slice(2);
if (url) {
  await checkAll(new URL(url), process.env.PROMPTSTUDIO_KEY ?? "");
} else {
  const { key, keys } = createKey();
  const worker = await startLocally(keys);
  try {
    await checkAll(await worker.url, key);
  } finally {
    await worker.dispose();
  }
}
console.log("The Worker answers as it should.");

async function checkAll(base, key) {
  await check(base, key);
  if (hasStore) await checkReplay(base, key);
}

/** Start a copy of this Worker. */
async function startLocally(keys) {
  Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" });
  const { unstable_startWorker } = await import("wrangler");
  const copy = `${project}/.wrangler/smoke`;
  copyWithEcho(copy, ["wrangler.jsonc"]);
  return unstable_startWorker({
    config: `${copy}/wrangler.jsonc`,
    envFiles: [],
    bindings: { PROMPTSTUDIO_KEYS: { type: "plain_text", value: keys } },
    dev: {
      inspector: false,
      logLevel: "error",
      persist: false,
      server: { hostname: "127.0.0.1", port: 0 },
      watch: false,
    },
  });
}
