// Runs a bundled Worker in workerd: says where it answers, and ends with its input.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , code, tools] = process.argv;
const { Log, LogLevel, Miniflare } = createRequire(tools)("miniflare");

const worker = new Miniflare({
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(code, "utf8") }],
  compatibilityDate: "2026-04-01",
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.ERROR),
});
process.stdout.write(`${(await worker.ready).href}\n`);
process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
await worker.dispose();
