// Reads TypeScript files from stdin, a JSON string each. Answers with what TypeScript's parser makes of it:
//
//   problems, kinds  what is wrong with it, and the nodes of its tree in their order
//   keys, texts      the names of properties in types, and the literals
//   comments, tags   the text of each comment that documents something, and how many tags there are in them

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const ts = createRequire(process.argv[2])("typescript");

function look(text) {
  const file = ts.createSourceFile("index.ts", text, ts.ScriptTarget.ES2022, true);
  const seen = { problems: file.parseDiagnostics.map(({ messageText }) => messageText), kinds: [] };
  Object.assign(seen, { keys: [], texts: [], comments: [], tags: 0 });
  const visit = (node) => {
    // A property's name may be written as a text: that is no difference.
    seen.kinds.push(
      ts.isPropertySignature(node.parent ?? file) && node.parent.name === node ? "key" : node.kind,
    );
    if (ts.isPropertySignature(node)) seen.keys.push(node.name.text);
    if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) seen.texts.push(node.text);
    for (const { comment, tags } of node.jsDoc ?? []) {
      seen.comments.push(ts.getTextOfJSDocComment(comment) ?? "");
      seen.tags += tags?.length ?? 0;
      if (typeof comment === "object") seen.tags += comment.filter((part) => !ts.isJSDocText(part)).length;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return seen;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(look(JSON.parse(line)))}\n`);
}
