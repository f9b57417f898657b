// What the tests of the TypeScript endpoint share: its bundle, a key, requests, and a provider's answers.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export const KEY = "ps_live_test";
export const secrets = {
  ANTHROPIC_API_KEY: "sk-a",
  OPENAI_API_KEY: "sk-o",
  PROMPTSTUDIO_KEYS: keyring(KEY),
};

/** A copy of the bundle, free to be changed. */
export function newBundle() {
  return JSON.parse(readFileSync(new URL("bundle.json", import.meta.url), "utf8"));
}

export function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** The value of PROMPTSTUDIO_KEYS that lets these keys in. */
export function keyring(...keys) {
  const records = keys.map((key) => ({ id: "key_1", name: "test", hash: sha256(key), created_at: "" }));
  return JSON.stringify(records);
}

/** A request with the key; a body makes it a POST. */
export function ask(path, body, options = {}) {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return new Request(`https://worker.example${path}`, { headers, ...post, ...options });
}

/** Puts a provider in fetch's place until the test ends. */
export function provider(context, answer) {
  return context.mock.method(globalThis, "fetch", answer);
}

/** A body that comes as it is read. */
export function streamed(source) {
  const body = new ReadableStream(source, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

export async function readText(reader) {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}
