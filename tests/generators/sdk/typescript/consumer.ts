// What a package's user writes. It is compiled as an ES module and as CommonJS, with each platform's types.

import {
  AcmePrompts,
  AcmePromptsError,
  APIError,
  InvalidVariablesError,
  RateLimitError,
  StreamTruncatedError,
} from "acme-prompts";
import type {
  Answer,
  GreetOutput,
  GreetVariables,
  RunEvent,
  RunStream,
  SortJson,
  TextOutput,
} from "acme-prompts";
import { iterSSE } from "acme-prompts/sse";
import type { ServerSentEvent } from "acme-prompts/sse";
import { verifyWebhook, WebhookVerificationError } from "acme-prompts/webhooks";

const client = new AcmePrompts({
  apiKey: "ps_live_…",
  baseUrl: "https://prompts.acme.example",
  logger: console,
});

export async function run(signal: AbortSignal): Promise<string> {
  const variables: GreetVariables = { name: "Ada" };
  const answer: Answer<TextOutput> = await client.greet(variables, {
    signal,
    timeoutMs: 1000,
    cache: "bypass",
  });
  const { response, requestId } = await client.greet.withResponse({ name: "Ada", tone: "formal" });
  const sorted: SortJson = (
    await client.sort({ ticket: "…" }, { messages: [{ role: "user", content: "Hi" }] })
  ).output.json;
  await client.speak();
  await client.withOptions({ maxRetries: 0 }).speak({}, { version: 1 });
  return `${answer.output.text} ${answer.cost_usd ?? "?"} ${response.status} ${requestId} ${JSON.stringify(sorted)}`;
}

export async function stream(): Promise<string> {
  let text = "";
  await using events: RunStream<GreetOutput> = client.greet.stream({ name: "Ada", tone: undefined });
  for await (const event of events) {
    if (event.type === "delta") text += event.text;
    if (event.type === "done") text += event.answer.usage.output_tokens.toFixed();
    if (event.type === "unknown") text += event.name ?? event.data;
  }
  return text + (await events.answer()).id;
}

export function kindOf(event: RunEvent<GreetOutput>): string {
  switch (event.type) {
    case "start":
      return event.model;
    case "delta":
    case "done":
      return event.type;
    case "unknown":
      return event.data;
  }
}

export function explain(error: unknown): string {
  if (error instanceof InvalidVariablesError)
    return error.errors.map(({ pointer, message }) => pointer + message).join();
  if (error instanceof RateLimitError) return String(error.retryAfter);
  if (error instanceof StreamTruncatedError) return error.partial;
  if (error instanceof APIError) return `${error.statusCode} ${error.code} ${error.headers?.get("x")}`;
  return error instanceof AcmePromptsError ? error.message : String(error);
}

export async function hooks(request: Request, body: ReadableStream<Uint8Array>): Promise<unknown> {
  const events: ServerSentEvent[] = [];
  for await (const event of iterSSE(body, { maxEventBytes: 1000 })) events.push(event);
  try {
    return await verifyWebhook(await request.text(), request.headers, ["whsec_a", "whsec_b"]);
  } catch (error) {
    return error instanceof WebhookVerificationError ? events : undefined;
  }
}

// @ts-expect-error a variable that has to be there
void client.greet({});
// @ts-expect-error and so has the object of variables
void client.greet();
// @ts-expect-error another value than those that there are
void client.greet({ name: "Ada", tone: "loud" });
// @ts-expect-error a variable that the prompt does not have
void client.greet({ name: "Ada", volume: 3 });
// @ts-expect-error a prompt without variables takes none
void client.speak({ name: "Ada" });
// @ts-expect-error text is no JSON
export const json = async (): Promise<unknown> => (await client.greet({ name: "Ada" })).output.json;
// @ts-expect-error an option that there is not
void client.greet({ name: "Ada" }, { timeout: 3 });
