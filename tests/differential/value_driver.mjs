// Says of JSON texts what the TypeScript runtime says of them: JSON lines in, JSON lines out.
//
// {text} is answered by {problem} or by {json, printed, shown}; {left, right}, two JSON texts, by {same}.

import readline from "node:readline";

import { loadRuntime } from "../node/runtime.mjs";

const { parse, same, shown, toText } = await loadRuntime("values");

function described({ text }) {
  try {
    const value = parse(text);
    return { json: JSON.stringify(value), printed: toText(value), shown: shown(value) };
  } catch (error) {
    return { problem: error.problem };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer =
    question.text === undefined ? { same: same(parse(question.left), parse(question.right)) } : described(question);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
