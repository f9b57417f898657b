// Renders cases with npm dotprompt and with our TypeScript runtime: JSON lines in, JSON lines out.
//
// A case has {variables, history, context}, and {source, partials, native} for the reference or {nodes,
// partial_nodes} for ours; its answer is {dotprompt, typescript}, each {messages} or {error}. Unless `native` asks for the reference as it is, the
// differences of DESIGN that lie in printing are taken out of it: objects print as JSON, and `json` of a
// missing value prints nothing.

import { createRequire } from "node:module";
import readline from "node:readline";

import { loadRuntime } from "../node/runtime.mjs";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const { Dotprompt } = require("dotprompt");
const Handlebars = require("handlebars");

const { compileTemplate } = await loadRuntime("render");

// Difference 2. Objects are turned into text by their prototype's toString; Handlebars' own compiler uses
// that too, so that it is exchanged only while a template that is compiled already is rendered.
const PROTOTYPES = [Object.prototype, Array.prototype];
const NATIVE = PROTOTYPES.map((prototype) => prototype.toString);

function asJson() {
  return JSON.stringify(this);
}

function printAsJson(on) {
  PROTOTYPES.forEach((prototype, index) => {
    const value = on ? asJson : NATIVE[index];
    Object.defineProperty(prototype, "toString", { configurable: true, writable: true, value });
  });
}

// Difference 4, and text instead of an object that compares by identity.
const helpers = {
  json: (value, options) => (value === undefined ? "" : JSON.stringify(value, null, options.hash.indent || 0)),
};

function referencePart(part) {
  if (part.media) return { media: part.media.url, type: part.media.contentType ?? null };
  return part.metadata ? { section: part.metadata.purpose } : { text: part.text };
}

async function reference({ source, partials, variables, history, context, native }) {
  const messages = history.map(({ role, text }) => ({ role, content: [{ text }] }));
  const render = await new Dotprompt({ helpers: native ? {} : helpers, partials }).compile(source);
  const given = { input: variables, messages, context };
  Object.values(partials).forEach((text) => Handlebars.parse(text)); // those that are not reached, too
  const rendered = await render(given);
  if (native) return flattened(rendered);
  printAsJson(true);
  try {
    return flattened(await render(given));
  } finally {
    printAsJson(false);
  }
}

function flattened(rendered) {
  return rendered.messages.map(({ role, content }) => ({ role, content: content.map(referencePart) }));
}

function ourPart(part) {
  if (part.type === "media") return { media: part.url, type: part.contentType ?? null };
  return part.type === "section" ? { section: part.name } : { text: part.text };
}

function ours({ nodes, partial_nodes: partials, variables, history, context }) {
  const messages = history.map(({ role, text }) => ({ role, content: [{ type: "text", text }] }));
  const rendered = compileTemplate(nodes, partials).render(variables, messages, context);
  return rendered.map(({ role, content }) => ({ role, content: content.map(ourPart) }));
}

async function attempt(render, given) {
  try {
    return { messages: await render(given) };
  } catch (error) {
    return { error: error.problem ?? error.message };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  const answer = {
    dotprompt: given.source === undefined ? null : await attempt(reference, given),
    typescript: given.nodes === undefined ? null : await attempt(ours, given),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
