// `npm run build`: one function for every path, as Vercel's Build Output API (version 3) describes it.
// Only .vercel/output is served, so that no file of this folder can be asked for by its name.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const output = `${root}/.vercel/output`;
const folder = `${output}/functions/index.func`;
const { regions } = JSON.parse(readFileSync(`${root}/vercel.json`, "utf8"));

/** See https://vercel.com/docs/build-output-api/primitives */
const settings = {
  runtime: "edge",
  entrypoint: "index.js",
  regions,
  envVarsInUse: [
    "PROMPTSTUDIO_KEYS",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "PROMPTSTUDIO_CORS_ORIGINS",
    "PROMPTSTUDIO_BODY_LIMIT",
  ],
};

rmSync(output, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [`${root}/src/index.ts`],
  outfile: `${folder}/index.js`,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
});
writeJson(`${folder}/.vc-config.json`, settings);
writeJson(`${output}/config.json`, { version: 3, routes: [{ src: "/.*", dest: "/index" }] });

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
