import bundle from "./bundle.json";
import openapi from "./openapi.json";
import { createEndpoint } from "./promptstudio/endpoint";
import type { Environment } from "./promptstudio/host";

declare const process: { readonly env: Environment };

const endpoint = createEndpoint({ bundle, openapi });

/** What Vercel keeps for this project, by name. A deployment's values never change. */
const environment: Environment = {
  PROMPTSTUDIO_KEYS: process.env.PROMPTSTUDIO_KEYS,
  ANTHROPIC_API_KEY: process.env.ANTHROPIC_API_KEY,
  OPENAI_API_KEY: process.env.OPENAI_API_KEY,
  PROMPTSTUDIO_CORS_ORIGINS: process.env.PROMPTSTUDIO_CORS_ORIGINS ?? "https://acme.example,https://www.acme.example",
  PROMPTSTUDIO_BODY_LIMIT: process.env.PROMPTSTUDIO_BODY_LIMIT ?? "1048576",
};

export default function handle(request: Request): Promise<Response> {
  return endpoint(request, environment);
}
