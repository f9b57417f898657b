/** The prompts' page: choose one, fill it in, run it. */

import { get, Refusal, savedKey, saveKey } from "./api.js";
import { element } from "./element.js";
import { PromptView } from "./prompt.js";

const LOOK_EVERY_MS = 2000;

const byId = (id) => document.getElementById(id);

let shown = { bundle: undefined, prompts: [], project: { prompts: {} } };
let view;

/** Load what the endpoint says of itself, and show it if it differs from what stands here. */
async function load() {
  const project = await get("/page/project.json");
  showDiagnostics(project.diagnostics);
  byId("key-form").hidden = true;
  if (project.bundle !== shown.bundle) {
    const { prompts } = await get("/v1/prompts");
    shown = { bundle: project.bundle, prompts, project };
    byId("project").textContent = project.name;
    showPrompts();
    showPrompt();
  }
  return project.dev;
}

function showDiagnostics(lines) {
  const box = byId("diagnostics");
  if (box.textContent === lines.join("")) return;
  box.replaceChildren(...lines.map((line) => element("p", {}, line)));
}

function showPrompts() {
  const links = shown.prompts.map(({ name }) => element("li", {}, element("a", { href: `#${name}` }, name)));
  byId("prompts").replaceChildren(...links);
}

/** The prompt that the address names, else the first. */
function showPrompt() {
  const name = decodeURIComponent(location.hash.slice(1));
  const prompt = shown.prompts.find((one) => one.name === name) ?? shown.prompts[0];
  view?.stop();
  if (prompt === undefined) {
    byId("prompt").replaceChildren(element("p", {}, "There is no prompt yet: put a .prompt file into prompts/."));
    return;
  }
  view = new PromptView(prompt, shown.project.prompts[prompt.name]);
  byId("prompt").replaceChildren(view.node);
  document.title = `${prompt.name} · PromptStudio`;
  for (const link of byId("prompts").querySelectorAll("a")) {
    if (link.textContent === prompt.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function fail(error) {
  const needsKey = error instanceof Refusal && error.problem.code === "unauthorized";
  byId("key-form").hidden = !needsKey;
  const text = needsKey && !savedKey() ? "This endpoint asks for an API key." : error.message;
  byId("prompt").replaceChildren(element("p", { role: "alert" }, text));
  if (needsKey) byId("key").focus();
}

/** Load again from time to time: files change, and are mended. A server that is away comes back. */
async function watch() {
  if (!document.hidden) await load().catch(() => undefined);
  setTimeout(watch, LOOK_EVERY_MS);
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  saveKey(byId("key").value.trim());
  load().catch(fail);
});
addEventListener("hashchange", () => {
  showPrompt();
  byId("prompt").focus();
});

load().then((dev) => dev && setTimeout(watch, LOOK_EVERY_MS), fail);
