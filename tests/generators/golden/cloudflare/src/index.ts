import bundle from "./bundle.json";
import openapi from "./openapi.json";
import { createEndpoint } from "./promptstudio/endpoint";
import type { Environment } from "./promptstudio/host";

/** What wrangler.jsonc declares: variables, and the secrets by their names. */
interface Env extends Environment {
  readonly PROMPTSTUDIO_CORS_ORIGINS: string;
  readonly PROMPTSTUDIO_BODY_LIMIT: string;
  readonly PROMPTSTUDIO_KEYS: string;
  readonly ANTHROPIC_API_KEY: string;
  readonly OPENAI_API_KEY: string;
}

const endpoint = createEndpoint({ bundle, openapi });

export default {
  fetch: (request, env) => endpoint(request, env),
} satisfies ExportedHandler<Env>;
