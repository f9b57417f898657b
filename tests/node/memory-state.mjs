// A State (runtime/typescript/src/state.ts) in memory, with a clock that tests move.

const LEASE_MS = 900_000;
const KEPT_MS = 86_400_000;

export class MemoryState {
  nowMs = Date.parse("2026-11-24T12:00:18Z");
  counts = new Map();
  claims = new Map();
  entries = new Map();
  /** The methods that fail, and what they fail with. */
  failing = new Set();
  error = new Error("down");
  calls = [];

  async take(prompt, counters) {
    this.called("take", prompt);
    const windows = counters.map(({ name, windowS }) => {
      const index = Math.floor(this.nowMs / 1000 / windowS);
      return { key: `${prompt} ${name} ${index}`, ends: (index + 1) * windowS * 1000 };
    });
    const used = windows.map(({ key }) => this.counts.get(key) ?? 0);
    const admitted = counters.every(({ ceiling }, index) => used[index] < ceiling);
    const now = used.map((count) => count + Number(admitted));
    windows.forEach(({ key }, index) => this.counts.set(key, now[index]));
    return { admitted, used: now, resetS: windows.map(({ ends }) => Math.ceil((ends - this.nowMs) / 1000)) };
  }

  async claim({ name, body, run }) {
    this.called("claim", name);
    const held = this.claims.get(name);
    if (held === undefined || held.ends <= this.nowMs) {
      this.claims.set(name, { body, run, ends: this.nowMs + LEASE_MS });
      return { kind: "ours" };
    }
    if (held.body !== body) return { kind: "mismatch" };
    return held.answer === undefined ? { kind: "running" } : { kind: "answered", answer: held.answer };
  }

  async keep({ name, run }, answer) {
    this.called("keep", name);
    const held = this.claims.get(name);
    if (held?.run === run) this.claims.set(name, { ...held, answer, ends: this.nowMs + KEPT_MS });
  }

  async release({ name, run }) {
    this.called("release", name);
    const held = this.claims.get(name);
    if (held?.run === run && held.answer === undefined) this.claims.delete(name);
  }

  async cached(key) {
    this.called("cached", key);
    const entry = this.entries.get(key);
    return entry !== undefined && this.nowMs < entry.ends ? entry.value : undefined;
  }

  async cache(key, value, ttlS) {
    this.called("cache", key);
    this.entries.set(key, { value, ends: this.nowMs + ttlS * 1000 });
  }

  called(method, name) {
    this.calls.push([method, name]);
    if (this.failing.has(method)) throw this.error;
  }

  /** How often a method was called. */
  count(method) {
    return this.calls.filter(([called]) => called === method).length;
  }
}
