// One call of a generated client, and what came of it as JSON. It uses nothing that a platform may lack: Node,
// workerd and a browser all run it.

/** `sdk` is a generated package. The question:
 *
 *   client, options        the class, and what it is made with
 *   member, variables, call the prompt, and what goes with the call
 *   how                    "run", "withResponse", "stream", "answer" (of a stream)
 *   at                     {event, do}: when that event (or, of a run, the log's "response") has come,
 *                          "abort" the call, "leave" the loop, or "close" the stream while the next is awaited
 */
export async function perform(sdk, question) {
  const log = [];
  const events = [];
  const outcome = await act(sdk, question, log, events).catch((error) => ({ error: described(sdk, error) }));
  return { ...outcome, events, log };
}

async function act(
  sdk,
  { client: name, options, member, variables, call = {}, how = "run", at },
  log,
  events,
) {
  const controller = new AbortController();
  const abort = () => controller.abort(new Error("enough"));
  const note = (message, fields) => {
    log.push([message, fields]);
    if (at?.event === message) abort();
  };
  const client = new sdk[name]({ ...options, logger: { debug: note, warn: note } });
  const prompt = client[member];
  const given = [variables, { ...call, signal: controller.signal }];
  if (how === "run") return { answer: await prompt(...given) };
  if (how === "withResponse") {
    const { answer, response, requestId, attempts } = await prompt.withResponse(...given);
    return { answer, status: response.status, requestId, attempts };
  }
  const stream = prompt.stream(...given);
  if (how === "answer") return { answer: await stream.answer() };
  for await (const event of stream) {
    events.push(event);
    if (event.type !== at?.event) continue;
    if (at.do === "leave") break;
    if (at.do === "abort") abort();
    if (at.do === "close") setTimeout(() => stream.close(), 0);
  }
  return { ended: true };
}

const FIELDS = ["message", "statusCode", "requestId", "code", "type", "body", "retryAfter", "attempts"];

function described(sdk, error) {
  const classes = Object.entries(sdk).filter(
    ([, value]) => typeof value === "function" && error instanceof value,
  );
  return {
    name: error?.name,
    classes: classes.map(([name]) => name),
    isError: error instanceof Error && typeof error.stack === "string",
    ...Object.fromEntries(FIELDS.map((field) => [field, error?.[field]])),
    partial: error?.partial,
    errors: error?.errors,
    cause: error?.cause === undefined ? undefined : String(error.cause?.name),
  };
}
