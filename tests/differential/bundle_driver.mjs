// Asks the TypeScript runtime's validators and bundles what a test asks Python's: JSON lines in and out.
//
// {schema, options, value, pointer} is answered by {value, errors}; {bundle, asked: [name, version, label]} by
// {version}; both by {error} where the question is refused.

import readline from "node:readline";

import { loadRuntime } from "../node/runtime.mjs";

const { compileSchema, loadBundle } = await loadRuntime("validate", "bundle");

function validated({ schema, options, value, pointer }) {
  const [whole, errors] = compileSchema(schema, options)(value, pointer);
  return { value: whole, errors: errors.map((error) => [error.pointer, error.message]) };
}

function resolved({ bundle, asked: [name, version, label] }) {
  const [prompt, found] = loadBundle(bundle).resolve(name, version ?? undefined, label ?? undefined);
  const { number, model, wireModel, api, config, description, output, price, provider } = found;
  return {
    prompt: prompt.name,
    default: prompt.default.number,
    version: { number, model, wireModel, api, config, description, output, price, provider },
  };
}

function answer(question) {
  try {
    return question.bundle ? resolved(question) : validated(question);
  } catch (error) {
    return { error: error.detail ?? error.message };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
