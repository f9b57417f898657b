// Reads streams from stdin, a JSON line each: {"chunks": [base64], "maxEventBytes"?}. Answers with what iterSSE
// makes of each: {"events"} or, as well, {"error": name}.

import { createInterface } from "node:readline";

import { loadRuntime } from "./runtime.mjs";

const { iterSSE } = await loadRuntime("sse");

async function read({ chunks, maxEventBytes }) {
  const events = [];
  const stream = ReadableStream.from(chunks.map((chunk) => new Uint8Array(Buffer.from(chunk, "base64"))));
  try {
    for await (const event of iterSSE(stream, { maxEventBytes })) events.push(event);
  } catch (error) {
    return { events, error: error.name };
  }
  return { events };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await read(JSON.parse(line)))}\n`);
}
