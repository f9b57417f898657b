// The runtime of generated TypeScript clients, as modules that Node can run.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const tools = new URL("../../../node/package.json", import.meta.url);
const esbuild = createRequire(tools)("esbuild");
const sources = new URL(
  "../../../../generators/promptstudio_generators/runtime/sdk/typescript",
  import.meta.url,
);

/** All exports of some of the runtime's modules ("sse", "retry"), which load as one. */
export async function loadRuntime(...modules) {
  const built = await esbuild.build({
    stdin: {
      contents: modules.map((name) => `export * from "./${name}.ts";`).join("\n"),
      resolveDir: fileURLToPath(sources),
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  const code = Buffer.from(built.outputFiles[0].text).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}
