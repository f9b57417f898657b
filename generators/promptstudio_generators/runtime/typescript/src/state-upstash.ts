/** An endpoint's state in Redis at Upstash.
 *
 * What changes something is a script, which Redis runs alone and on its primary: it is done whole or not at
 * all. Whose answer was lost is told by `run`, or by the name of an operation, that it was done already. */

import { BOUNDS } from "./errors";
import { newId } from "./exchange";
import type { Environment } from "./host";
import type { Claim, Claimed, Counter, State, Taken } from "./state";
import { UpstashRest } from "./state-upstash-rest";
import type { Json } from "./values";

/** How far the clocks of two functions may be apart: a count outlives its window by this. */
const SKEW_S = 60;
/** How long a count is known by its operation: until nobody asks again. */
const OPERATION_S = 60;

/** KEYS: the operation, then each counter. ARGV: how long the operation is kept, then for each counter its
 * ceiling and how long it is kept. Gives 1 where the run is admitted or 0, and each count. */
const TAKE = `
local done = redis.call('LRANGE', KEYS[1], 0, -1)
if #done > 0 then return done end
local answer = { 1 }
for index = 2, #KEYS do
  answer[index] = tonumber(redis.call('GET', KEYS[index]) or 0)
  if answer[index] >= tonumber(ARGV[2 * index - 2]) then answer[1] = 0 end
end
if answer[1] == 0 then return answer end
for index = 2, #KEYS do
  answer[index] = redis.call('INCR', KEYS[index])
  if answer[index] == 1 then redis.call('EXPIRE', KEYS[index], ARGV[2 * index - 1]) end
end
redis.call('RPUSH', KEYS[1], unpack(answer))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return answer`;

/** KEYS: the claim, a hash of body, run and, once it has been kept, answer. ARGV: body, run, the lease. */
const CLAIM = `
local body, run, answer = unpack(redis.call('HMGET', KEYS[1], 'body', 'run', 'answer'))
if not body then
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'run', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return { 'ours' }
end
if body ~= ARGV[1] then return { 'mismatch' } end
if answer then return { 'answered', answer } end
return { run == ARGV[2] and 'ours' or 'running' }`;

/** KEYS: the claim. ARGV: run, answer, how long it is kept. */
const KEEP = `
local run, answer = unpack(redis.call('HMGET', KEYS[1], 'run', 'answer'))
if run == ARGV[1] and not answer then
  redis.call('HSET', KEYS[1], 'answer', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return 'OK'`;

/** KEYS: the claim. ARGV: run. */
const RELEASE = `
local run, answer = unpack(redis.call('HMGET', KEYS[1], 'run', 'answer'))
if run == ARGV[1] and not answer then redis.call('DEL', KEYS[1]) end
return 'OK'`;

/** Where the state of a project lives: in the database that its environment names, under keys that begin with
 * `namespace`. */
export function upstashState(namespace: string): (environment: Environment) => State {
  return (environment) => new UpstashState(namespace, new UpstashRest(environment));
}

class UpstashState implements State {
  constructor(
    private readonly namespace: string,
    private readonly rest: UpstashRest,
  ) {}

  async take(prompt: string, counters: readonly Counter[]): Promise<Taken> {
    const nowS = Date.now() / 1000;
    const windows = counters.map(({ windowS }) => Math.floor(nowS / windowS));
    const ends = counters.map(({ windowS }, index) => ((windows[index] as number) + 1) * windowS);
    const resetS = ends.map((end) => Math.ceil(end - nowS));
    const keys = counters.map(({ name }, index) => this.key("limit", `${prompt}:${name}:${windows[index]}`));
    const bounds = counters.flatMap(({ ceiling }, index) => [ceiling, (resetS[index] as number) + SKEW_S]);
    const [admitted, ...used] = await this.run(
      TAKE,
      [this.key("operation", newId()), ...keys],
      [OPERATION_S, ...bounds],
      (result) => numbers(result, counters.length + 1),
    );
    return { admitted: admitted === 1, used, resetS };
  }

  claim({ name, body, run }: Claim): Promise<Claimed> {
    return this.run(CLAIM, [this.key("claim", name)], [body, run, BOUNDS.idempotency_lease_s], claimed);
  }

  async keep({ name, run }: Claim, answer: string): Promise<void> {
    await this.run(KEEP, [this.key("claim", name)], [run, answer, BOUNDS.idempotency_kept_s], ok);
  }

  async release({ name, run }: Claim): Promise<void> {
    await this.run(RELEASE, [this.key("claim", name)], [run], ok);
  }

  /** A replica may answer, and not know yet what was cached a moment ago. */
  async cached(key: string): Promise<string | undefined> {
    const { found } = await this.rest.ask(["GET", this.key("cache", key)], textOrNull, 1);
    return found ?? undefined;
  }

  async cache(key: string, value: string, ttlS: number): Promise<void> {
    await this.rest.ask(["SET", this.key("cache", key), value, "EX", String(ttlS)], ok, 1);
  }

  private key(kind: string, name: string): string {
    return `${this.namespace}:${kind}:${name}`;
  }

  private run<T>(
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    read: (result: Json) => T | undefined,
  ): Promise<T> {
    return this.rest.ask(["EVAL", script, String(keys.length), ...keys, ...args.map(String)], read);
  }
}

/** Redis gives what it kept in a list as texts. */
function numbers(result: Json, length: number): number[] | undefined {
  if (!Array.isArray(result) || result.length !== length) return undefined;
  const read = result.map((one) => (typeof one === "number" || typeof one === "string" ? Number(one) : NaN));
  return read.every(Number.isSafeInteger) ? read : undefined;
}

function claimed(result: Json): Claimed | undefined {
  if (!Array.isArray(result)) return undefined;
  const [kind, answer] = result;
  if (kind === "ours" || kind === "running" || kind === "mismatch") return { kind };
  return kind === "answered" && typeof answer === "string" ? { kind, answer } : undefined;
}

function textOrNull(result: Json): { found: string | null } | undefined {
  return result === null || typeof result === "string" ? { found: result } : undefined;
}

function ok(result: Json): true | undefined {
  return result === "OK" ? true : undefined;
}
