// `npm run dev`: the built function on this machine, in Node as at Vercel.

import { once } from "node:events";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const PORT = 8787;

/** Serve what build.mjs has built in the project at `root`; gives the server's `url` and its `close`. */
export async function serve(root, environment, port) {
  Object.assign(process.env, environment);
  const built = pathToFileURL(`${root}/.vercel/output/functions/index.func/index.mjs`);
  const { default: handler } = await import(built);
  const server = createServer((request, response) => {
    answer(handler, request, response).catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

async function answer(handler, incoming, outgoing) {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const { method, headers, url } = incoming;
  const body = method === "GET" || method === "HEAD" ? null : Readable.toWeb(incoming);
  const request = new Request(`http://${headers.host}${url}`, {
    method,
    headers,
    body,
    duplex: "half",
    signal: gone.signal,
  });
  const response = await handler.fetch(request);
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body), outgoing);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(fileURLToPath(new URL(".", import.meta.url)), {}, PORT);
  console.log(url);
}
