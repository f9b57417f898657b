// Reads deployments from stdin, a JSON line each: {"function": folder, "environ": {name: text}}. The folder
// is what a build has left of a Vercel Function. Serves it in place of the one before, as Vercel would, and
// answers {"url"} or {"error"}. The cloud's part is here: HTTP on one side, web standards on the other.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.argv[2]);
const { EdgeRuntime } = require("edge-runtime");
const esbuild = require("esbuild");

let handle;
let deployments = 0;

async function deploy({ function: folder, environ }) {
  const settings = JSON.parse(readFileSync(`${folder}/.vc-config.json`, "utf8"));
  const load = settings.runtime === "edge" ? loadEdge : loadNode;
  handle = await load(folder, settings, environ);
  return { url: `http://127.0.0.1:${server.address().port}` };
}

/** The edge tells nobody that the caller has gone: it merely stops reading the answer. */
function loadEdge(folder, { entrypoint, envVarsInUse }, environ) {
  const module = readFileSync(`${folder}/${entrypoint}`, "utf8");
  const { code } = esbuild.transformSync(module, { format: "iife", globalName: "edge" });
  const listen = 'addEventListener("fetch", (event) => event.respondWith(edge.default(event.request)));';
  const env = Object.fromEntries(Object.entries(environ).filter(([name]) => envVarsInUse.includes(name)));
  const runtime = new EdgeRuntime({
    initialCode: `${code}\n${listen}`,
    extend: (context) => Object.assign(context, { process: { env } }),
  });
  return (url, { signal, ...init }) => runtime.dispatchFetch(url, init);
}

async function loadNode(folder, { handler }, environ) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environ);
  deployments += 1; // a module is loaded once for each URL
  const module = await import(`${pathToFileURL(`${folder}/${handler}`)}?${deployments}`);
  return (url, init) => module.default.fetch(new Request(url, init));
}

async function answer(incoming, outgoing) {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const { method, headers, url } = incoming;
  const body = method === "GET" || method === "HEAD" ? undefined : bodyOf(incoming);
  const init = { method, headers: Object.entries(headers), body, duplex: "half", signal: gone.signal };
  const response = await handle(`http://${headers.host}${url}`, init);
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (response.body !== null) await pass(response.body.getReader(), outgoing, gone.signal);
  outgoing.end();
}

function bodyOf(incoming) {
  const pieces = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
}

async function pass(reader, outgoing, gone) {
  gone.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  const moved = () => Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (!outgoing.write(piece.value) && !gone.aborted) await moved();
  }
}

const server = createServer((incoming, outgoing) => {
  answer(incoming, outgoing).catch((error) => {
    console.error(error);
    outgoing.destroy();
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await deploy(JSON.parse(line)).catch((error) => ({ error: String(error?.message ?? error) }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(); // the edge runtime's timers would keep the process for minutes
