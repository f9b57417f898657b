// Reads questions for perform.mjs from stdin, a JSON line each, and answers with one. The bundled code is the
// argument; it exports `ask`.

import { createInterface } from "node:readline";

const { ask } = await import(process.argv[2]);

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await ask(JSON.parse(line)))}\n`);
}
