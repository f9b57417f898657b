// The TypeScript runtime's sources, as modules that Node can run.

import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const esbuild = require("esbuild");

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = path.join(root, "generators/promptstudio_generators/runtime/typescript/src");
const protocol = path.join(root, "shared/promptstudio/protocol.json");

/** All exports of some of the runtime's modules ("sse", "providers/index"), which load as one. */
export async function loadRuntime(...modules) {
  const contents = modules.map((name) => `export * from "./${name}";`).join("\n");
  const built = await esbuild.build({
    stdin: { contents, resolveDir: sources },
    bundle: true,
    write: false,
    format: "esm",
    plugins: [
      {
        name: "protocol",
        setup: (build) => build.onResolve({ filter: /\/protocol\.json$/ }, () => ({ path: protocol })),
      },
    ],
  });
  const code = Buffer.from(built.outputFiles[0].text).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}
