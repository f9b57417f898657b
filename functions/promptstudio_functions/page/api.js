/** Calls to the endpoint that serves this page. */

const KEY = "promptstudio-key";

export class Refusal extends Error {
  /** `problem` is the problem document of an answer (RFC 9457). */
  constructor(problem) {
    super(problem.detail ?? problem.title ?? "The server refused.");
    this.problem = problem;
  }
}

export function savedKey() {
  return sessionStorage.getItem(KEY) ?? "";
}

export function saveKey(key) {
  sessionStorage.setItem(KEY, key);
}

let csrfToken;

/** What a signed-in person's changes carry: the session's token, asked for once; nothing without a session. */
async function csrf() {
  if (savedKey()) return {};
  if (csrfToken === undefined) {
    const answer = await fetch("/api/session");
    csrfToken = answer.ok ? (await answer.json()).csrf_token : "";
  }
  return csrfToken ? { "X-CSRF-Token": csrfToken } : {};
}

/** The JSON at a path; throws Refusal. */
export async function get(path) {
  const answer = await fetch(path, { headers: authorization() });
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

function authorization() {
  const key = savedKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function refusal(answer) {
  try {
    return new Refusal(await answer.json());
  } catch {
    return new Refusal({ detail: `The server answered with status ${answer.status}.` });
  }
}

/** The path at which a prompt runs. */
export function runPath(name) {
  return `/v1/prompts/${encodeURIComponent(name)}/run`;
}

/** Run a prompt as a stream: yields {event, data} until `done`; throws Refusal, also for an `error` event. */
export async function* run(name, body, signal) {
  const answer = await fetch(runPath(name), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(), ...(await csrf()) },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  if (!answer.ok) throw await refusal(answer);
  for await (const frame of frames(answer.body)) {
    if (frame.event === "error") throw new Refusal(frame.data);
    yield frame;
    if (frame.event === "done") return;
  }
  throw new Refusal({ detail: "The connection broke off in the middle of the answer." });
}

async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const pieces = (waiting + value).split("\n\n");
    waiting = pieces.pop();
    yield* pieces.filter((piece) => piece.startsWith("event: ")).map(parseFrame);
  }
}

/** The endpoint writes each frame as two lines, `event: NAME` and `data: JSON`. */
function parseFrame(frame) {
  const [event, data] = frame.split("\n");
  return { event: event.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) };
}

/** The same run as a command line. The key stays out of it. */
export function curl(name, body, keyed) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  const key = keyed ? ['-H "Authorization: Bearer $PROMPTSTUDIO_KEY"'] : [];
  const url = `${location.origin}${runPath(name)}`;
  return [`curl -N ${url}`, ...key, "-H 'Content-Type: application/json'", `-d '${quoted}'`].join(" \\\n  ");
}
