// Reads projects from stdin, a JSON line each: {path: text}. Answers {"code", "data", "embedded"}: what parsers
// make of each file, and what the bundled project holds of its JSON documents at run time.

import { createRequire } from "node:module";
import { posix } from "node:path";
import { createInterface } from "node:readline";

const DOCUMENTS = `
  export { default as bundle } from "src/bundle.json";
  export { default as openapi } from "src/openapi.json";
`;
const require = createRequire(process.argv[2]);
const esbuild = require("esbuild");
const typescript = require("typescript");

/** The shape of some code, and its names and strings: `kinds` are the nodes of its tree in their order. */
function parse(path, text) {
  const file = typescript.createSourceFile(path, text, typescript.ScriptTarget.ES2022);
  const problems = file.parseDiagnostics.map(({ messageText }) => messageText);
  const kinds = [];
  const strings = [];
  const visit = (node) => {
    kinds.push(node.kind);
    if (typescript.isStringLiteralLike(node) || typescript.isIdentifier(node)) strings.push(node.text);
    typescript.forEachChild(node, visit);
  };
  visit(file);
  return { problems, kinds, strings };
}

function parseData(path, text) {
  if (path.endsWith(".json")) return JSON.parse(text);
  const { config, error } = typescript.parseConfigFileTextToJson(path, text);
  if (error) throw new Error(typescript.flattenDiagnosticMessageText(error.messageText, "\n"));
  return config;
}

async function embedded(files) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: DOCUMENTS },
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    plugins: [{ name: "in-memory", setup: (build) => inMemory(build, files) }],
    logLevel: "silent",
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  const { bundle, openapi } = await import(`data:text/javascript;base64,${code}`);
  return { bundle, openapi };
}

function inMemory(build, files) {
  build.onResolve({ filter: /.*/ }, ({ path }) => ({ path: posix.normalize(path), namespace: "project" }));
  build.onLoad({ filter: /.*/ }, ({ path }) => ({ contents: files[path], loader: "json" }));
}

async function look(files) {
  const own = Object.entries(files).filter(([path]) => !path.startsWith("src/promptstudio/"));
  const read = (pattern, reader) => {
    const fit = own.filter(([path]) => pattern.test(path));
    return Object.fromEntries(fit.map(([path, text]) => [path, reader(path, text)]));
  };
  return {
    code: read(/\.(ts|mjs)$/, parse),
    data: read(/\.jsonc?$/, parseData),
    embedded: await embedded(files),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await look(JSON.parse(line)).catch((error) => ({ error: String(error?.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
