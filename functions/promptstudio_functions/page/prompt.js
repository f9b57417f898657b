/** One prompt: its form, its answer as it streams, and what it cost. */

import { curl, Refusal, run, savedKey } from "./api.js";
import { element } from "./element.js";
import { Field, Fields, InvalidField, makeTextArea } from "./form.js";

const ECHO = "This is an echo: no model is called, and the answer repeats the prompt. "
  + "Set the provider's API key and start again for the model's own answer.";

export class PromptView {
  /** `prompt` is a row of /v1/prompts; `about` its {model, echo, input}. */
  constructor(prompt, about) {
    this.name = prompt.name;
    const input = about.input ?? {};
    this.fields = new Fields(prompt.variables, input.variables ?? {});
    this.history = historyField(input.messages);
    this.problem = element("div", { role: "alert" });
    this.status = element("p", { role: "status", class: "status" });
    this.output = element("pre", { class: "output", tabindex: "0", "aria-label": "Answer", hidden: true });
    this.facts = element("dl", { class: "facts" });
    this.line = element("pre", { tabindex: "0", "aria-label": "The same as a command line" });
    this.runButton = element("button", {}, "Run");
    this.stopButton = element("button", { type: "button", click: () => this.stop(), hidden: true }, "Stop");
    this.node = element("div", {}, ...this.heading(prompt, about), this.form(), ...this.answer());
    this.showLine();
  }

  heading(prompt, about) {
    const description = prompt.description ? element("p", {}, prompt.description) : undefined;
    const notice = about.echo ? element("p", { class: "notice" }, ECHO) : undefined;
    const facts = `version ${prompt.version} · ${about.model} · answers ${prompt.output.type}`;
    const hint = element("p", { class: "hint" }, facts);
    return [element("h2", {}, prompt.name), description, hint, notice].filter(Boolean);
  }

  form() {
    const more = element("details", {}, element("summary", {}, "What was said before"), this.history.node);
    more.open = this.history.control.value !== "";
    const buttons = element("p", { class: "buttons" }, this.runButton, this.stopButton);
    const form = element("form", { novalidate: true }, this.fields.node, more, buttons, this.problem);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    form.addEventListener("input", () => this.showLine());
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    return form;
  }

  answer() {
    const copyLine = () => navigator.clipboard.writeText(this.line.textContent);
    const copy = element("button", { type: "button", click: copyLine }, "Copy");
    const command = element("details", {}, element("summary", {}, "cURL"), this.line, copy);
    return [this.status, this.output, this.facts, command];
  }

  /** The body of a run; throws InvalidField. */
  body() {
    const messages = this.history.read();
    return { variables: this.fields.values(), ...(messages === undefined ? {} : { messages }) };
  }

  showLine() {
    try {
      this.line.textContent = curl(this.name, { ...this.body(), stream: true }, savedKey() !== "");
    } catch (error) {
      if (!(error instanceof InvalidField)) throw error;
    }
  }

  async start() {
    if (this.running) return;
    this.running = new AbortController();
    this.reset();
    try {
      const started = performance.now();
      for await (const { event, data } of run(this.name, this.body(), this.running.signal)) {
        if (event === "delta") this.output.append(data.text);
        if (event === "done") this.finish(data, performance.now() - started);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.running = undefined;
      this.output.removeAttribute("aria-busy");
      this.runButton.disabled = false;
      this.stopButton.hidden = true;
    }
  }

  stop() {
    this.running?.abort();
  }

  reset() {
    this.fields.show([]);
    this.history.say("");
    this.problem.replaceChildren();
    this.facts.replaceChildren();
    this.output.replaceChildren();
    this.output.hidden = false;
    this.output.setAttribute("aria-busy", "true");
    this.status.textContent = "Running…";
    this.runButton.disabled = true;
    this.stopButton.hidden = false;
  }

  finish(answer, duration) {
    const { output, usage } = answer;
    if (output.type === "json") this.output.textContent = JSON.stringify(output.json, null, 2);
    this.status.textContent = answer.finish_reason === "stop" ? "Done." : `Ended early: ${answer.finish_reason}.`;
    const facts = {
      model: answer.model.startsWith("echo/") ? `${answer.model} (no model was called)` : answer.model,
      tokens: `${usage.input_tokens} in, ${usage.cached_tokens} of them cached; ${usage.output_tokens} out`,
      cost: answer.cost_usd === null ? "not known" : `$${answer.cost_usd}`,
      time: `${(duration / 1000).toFixed(2)} s`,
    };
    const rows = Object.entries(facts).flatMap(([name, fact]) => [element("dt", {}, name), element("dd", {}, fact)]);
    this.facts.replaceChildren(...rows);
  }

  fail(error) {
    this.status.textContent = error.name === "AbortError" ? "Stopped." : "";
    this.output.hidden = this.output.textContent === "";
    if (error.name === "AbortError") return;
    const errors = error.errors ?? error.problem?.errors ?? [];
    const elsewhere = this.fields.show(errors).filter(({ pointer, message }) => {
      if (pointer.startsWith(this.history.pointer)) this.history.say(`${pointer} ${message}`);
      return !pointer.startsWith(this.history.pointer);
    });
    const rows = elsewhere.map((row) => element("p", {}, element("code", {}, row.pointer), ` ${row.message}`));
    const id = error.problem?.request_id;
    const trace = id === undefined ? undefined : element("p", { class: "hint" }, id);
    this.problem.replaceChildren(...[element("p", {}, error.message), ...rows, trace].filter(Boolean));
    this.node.querySelector("[aria-invalid]")?.focus();
    if (!(error instanceof Refusal || error instanceof InvalidField)) console.error(error);
  }
}

function historyField(messages) {
  const text = messages === undefined ? "" : JSON.stringify(messages, null, 2);
  const hint = "JSON: a list of messages, each {\"role\":\"user\" or \"model\",\"content\":\"…\"}";
  return new Field("messages", "json", makeTextArea(text), { pointer: "/messages", hint, required: false });
}
