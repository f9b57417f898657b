// The package as its users get it: by its name, as an ES module and through `require`, against a server of our own.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const read = async (path) => JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
const { name } = await read("../package.json");
const { client: clientName, prompts } = await read("./prompts.json");
const esm = await import(name);
const cjs = createRequire(import.meta.url)(name);
const { iterSSE } = await import(`${name}/sse`);
const { verifyWebhook } = await import(`${name}/webhooks`);

const requests = [];
let answer;
let options;
const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    requests.push({ path: request.url, headers: request.headers, body: JSON.parse(Buffer.concat(chunks)) });
    answer(response);
  });
});

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  options = { baseUrl: `http://127.0.0.1:${server.address().port}`, apiKey: "ps_live_test" };
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const answered = (prompt) => ({
  id: "run_1",
  prompt: prompt.name,
  version: 1,
  model: "echo/echo",
  output: prompt.output === "json" ? { type: "json", json: {}, text: "{}" } : { type: "text", text: "Hi" },
  finish_reason: "stop",
  usage: { input_tokens: 1, output_tokens: 1, cached_tokens: 0 },
  cost_usd: null,
  cache: { status: "bypass" },
});

const json =
  (status, body, headers = {}) =>
  (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };

const frame = (event, data) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const streamed =
  (...frames) =>
  (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const each of frames) response.write(each);
    response.end();
  };

for (const [kind, module] of Object.entries({ esm, cjs })) {
  for (const prompt of prompts) {
    test(`${kind}: ${prompt.member} sends its variables and gives the answer`, async () => {
      requests.length = 0;
      answer = json(200, answered(prompt));
      const client = new module[clientName](options);
      assert.deepEqual(await client[prompt.member](prompt.variables), answered(prompt));
      const [request] = requests;
      assert.equal(request.path, `/v1/prompts/${prompt.name}/run`);
      assert.equal(request.headers.authorization, "Bearer ps_live_test");
      assert.deepEqual(request.body, { variables: prompt.variables, ...prompt.pin });
    });

    test(`${kind}: ${prompt.member} streams`, async () => {
      answer = streamed(
        frame("start", { id: "run_1", prompt: prompt.name, version: 1, model: "echo/echo" }),
        frame("delta", { text: "Hi" }),
        frame("done", answered(prompt)),
      );
      const types = [];
      const client = new module[clientName](options);
      for await (const event of client[prompt.member].stream(prompt.variables)) types.push(event.type);
      assert.deepEqual(types, ["start", "delta", "done"]);
    });
  }
}

const [prompt] = prompts;
const call = (more) => new esm[clientName](options)[prompt.member](prompt.variables, more);

test("a call is tried again under one idempotency key", async () => {
  requests.length = 0;
  const answers = [json(503, {}, { "Retry-After-Ms": "1" }), json(200, answered(prompt))];
  answer = (response) => answers.shift()(response);
  assert.equal((await call()).id, "run_1");
  const [first, second] = requests.map(({ headers }) => headers["idempotency-key"]);
  assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(first, second);
});

test("a problem is an error of its own class", async () => {
  const problem = {
    type: "urn:promptstudio:error:invalid_variables",
    title: "Invalid variables",
    status: 422,
    detail: "The variables do not fit the prompt.",
    code: "invalid_variables",
    request_id: "req_1",
    errors: [{ pointer: "/variables/text", message: "is required" }],
  };
  answer = json(422, problem, { "X-Request-Id": "req_1" });
  const error = await call().catch((error) => error);
  assert.ok(error instanceof esm.InvalidVariablesError && error instanceof esm[`${clientName}Error`]);
  assert.deepEqual([error.statusCode, error.requestId, error.attempts], [422, "req_1", 1]);
  assert.deepEqual(error.errors, problem.errors);
});

test("an aborted call hangs up and rejects with the reason", async () => {
  const controller = new AbortController();
  const hungUp = new Promise((resolve) => {
    answer = (response) => {
      response.on("close", resolve);
      controller.abort(new Error("enough"));
    };
  });
  await assert.rejects(call({ signal: controller.signal }), { message: "enough" });
  await hungUp;
});

test("iterSSE reads any stream of events", async () => {
  const { body } = new Response(
    "\ufeffid: 7\r\ndata: a\r\ndata\r\n\r\n: a comment\n\nevent: x\rdata:b\r\rdata: lost",
  );
  const events = [];
  for await (const event of iterSSE(body)) events.push(event);
  assert.deepEqual(events, [
    { event: null, data: "a\n", id: "7", retry: null },
    { event: "x", data: "b", id: "7", retry: null },
  ]);
});

test("a webhook is genuine, or refused", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = '{"test": 2432232314}';
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const at = { nowMs: 1614265330000 };
  assert.deepEqual(await verifyWebhook(body, headers, secret, at), { test: 2432232314 });
  await assert.rejects(verifyWebhook(`${body} `, headers, secret, at), esm.WebhookVerificationError);
  await assert.rejects(verifyWebhook(body, headers, secret), esm.WebhookVerificationError);
});
