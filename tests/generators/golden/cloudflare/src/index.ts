import bundle from "./bundle.json";
import openapi from "./openapi.json";
import { createEndpoint } from "./promptstudio/endpoint";
import { durable } from "./promptstudio/state-durable-objects";
import type { Bindings } from "./promptstudio/state-durable-objects";

export { Claims, Counts } from "./promptstudio/state-durable-objects";

/** What wrangler.jsonc declares: variables, bindings, and the secrets by their names. */
interface Env extends Bindings {
  readonly PROMPTSTUDIO_CORS_ORIGINS: string;
  readonly PROMPTSTUDIO_BODY_LIMIT: string;
  readonly PROMPTSTUDIO_KEYS: string;
  readonly ANTHROPIC_API_KEY: string;
  readonly OPENAI_API_KEY: string;
}

const endpoint = createEndpoint<Env>({ bundle, openapi, ...durable });

export default {
  fetch: (request, env) => endpoint(request, env, request.signal),
} satisfies ExportedHandler<Env>;
