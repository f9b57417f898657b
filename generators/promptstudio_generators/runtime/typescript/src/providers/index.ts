/** Which APIs there are, and how each takes a key. */

import * as anthropic from "./anthropic";
import type { Adapter, Api } from "./base";
import * as echo from "./echo";
import * as openai from "./openai";
import * as openaiChat from "./openai-chat";

export type * from "./base";
export { AnswerStream } from "./stream";

export const adapters: Readonly<Record<Api, Adapter>> = {
  openai,
  "openai-chat": openaiChat,
  anthropic,
  echo,
};

/** The header that carries the key of a provider of this type, and what stands before it there. */
export const keyHeaders: Readonly<Record<Api, readonly [name: string, prefix: string]>> = {
  openai: ["authorization", "Bearer "],
  "openai-chat": ["authorization", "Bearer "],
  anthropic: ["x-api-key", ""],
  echo: ["authorization", "Bearer "],
};

/** The API that serves these settings of a provider of this type: OpenAI's Responses API lacks some that its
 * Chat Completions API has. */
export function resolveApi(providerType: Api, settings: Iterable<string>): Api {
  if (providerType !== "openai") return providerType;
  return [...settings].every((name) => openai.SETTINGS.has(name)) ? "openai" : "openai-chat";
}
