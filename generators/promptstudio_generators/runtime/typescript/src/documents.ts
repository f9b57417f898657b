/** The documents that an endpoint tells about itself, each written when it is first asked for. */

import type { Bundle, Prompt } from "./bundle";
import type { Json } from "./values";

export const DOCUMENT_PATHS: ReadonlySet<string> = new Set([
  "/health",
  "/v1/prompts",
  "/v1/openapi.json",
  "/openapi.json",
]);

/** What GET answers at one of DOCUMENT_PATHS, as JSON. */
export function documentWriter(bundle: Bundle, openapi: Json): (path: string) => string {
  const written = new Map<string, string>();
  return (path) => {
    let text = written.get(path);
    if (text === undefined) {
      text = JSON.stringify(documentAt(path, bundle, openapi));
      written.set(path, text);
    }
    return text;
  };
}

function documentAt(path: string, bundle: Bundle, openapi: Json): unknown {
  if (path === "/health") return { status: "ok", bundle: bundle.hash };
  if (path !== "/v1/prompts") return openapi;
  const prompts = [...bundle.prompts.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  return { prompts: prompts.map(described) };
}

function described(prompt: Prompt): unknown {
  const version = prompt.default;
  return {
    name: prompt.name,
    version: version.number,
    description: version.description,
    variables: version.schema,
    output: { type: version.output.format, schema: version.output.schema },
  };
}
