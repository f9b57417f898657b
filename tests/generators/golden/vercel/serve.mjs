// `npm run dev`: the built function on this machine, in the edge runtime that Vercel publishes for that.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { EdgeRuntime, runServer } from "edge-runtime";
import { transformSync } from "esbuild";

const PORT = 8787;

/** Serve what build.mjs has built in the project at `root`; gives the server's `url` and its `close`. */
export function serve(root, environment, port) {
  const module = readFileSync(`${root}/.vercel/output/functions/index.func/index.js`, "utf8");
  const { code } = transformSync(module, { format: "iife", globalName: "edge" });
  const listen = 'addEventListener("fetch", (event) => event.respondWith(edge.default(event.request)));';
  const runtime = new EdgeRuntime({
    initialCode: `${code}\n${listen}`,
    extend: (context) => Object.assign(context, { process: { env: environment } }),
  });
  return runServer({ runtime, host: "127.0.0.1", port });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(fileURLToPath(new URL(".", import.meta.url)), process.env, PORT);
  console.log(url);
}
