// node test/smoke.mjs       runs this function here, with an echo in the place of every model, and asks it
// node test/smoke.mjs URL   asks a deployed one, whose key PROMPTSTUDIO_KEY holds

import { execFileSync } from "node:child_process";

import { check, copyWithEcho, createKey, project } from "./checks.mjs";

const [url] = process.argv.slice(2);
if (url) {
  await check(new URL(url), process.env.PROMPTSTUDIO_KEY ?? "");
} else {
  const { key, keys } = createKey();
  const server = await startLocally(keys);
  try {
    await check(new URL(server.url), key);
  } finally {
    await server.close();
  }
}
console.log("The function answers as it should.");

/** Build and start a copy of this project. */
async function startLocally(keys) {
  const copy = `${project}/.vercel/smoke`;
  copyWithEcho(copy, ["build.mjs", "vercel.json"]);
  execFileSync(process.execPath, [`${copy}/build.mjs`], { stdio: "inherit" });
  const { serve } = await import("../serve.mjs");
  return serve(copy, { PROMPTSTUDIO_KEYS: keys }, 0);
}
