/** The API's documentation, drawn from /v1/openapi.json. */

import { curl, get, savedKey, saveKey } from "./api.js";
import { element } from "./element.js";

const RUN = /^\/v1\/prompts\/(?<name>[^/]+)\/run$/;

let schemas = {};

function resolve(schema) {
  return schema.$ref === undefined ? schema : (schemas[schema.$ref.split("/").at(-1)] ?? {});
}

function typeOf(schema) {
  if (schema.enum !== undefined) return schema.enum.map((member) => JSON.stringify(member)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeOf(resolve(one))).join(" | ");
  const types = [schema.type ?? "anything"].flat();
  const items = schema.items === undefined ? "" : ` of ${typeOf(resolve(schema.items))}`;
  return types.map((type) => (type === "array" ? `array${items}` : type)).join(" | ");
}

/** A schema's members as rows, those of nested objects below them. */
function rowsOf(schema, path = "") {
  const whole = [schema, ...(schema.allOf ?? []).map(resolve)];
  const members = Object.assign({}, ...whole.map((one) => one.properties ?? {}));
  const required = new Set(whole.flatMap((one) => one.required ?? []));
  return Object.entries(members).flatMap(([name, given]) => {
    const member = resolve(given);
    const place = `${path}${name}`;
    const row = [place, typeOf(member), required.has(name) ? "required" : "", member.description ?? ""];
    const items = resolve(member.items ?? {});
    return [row, ...rowsOf(member, `${place}.`), ...rowsOf(items, `${place}[].`)];
  });
}

function table(caption, schema) {
  const rows = rowsOf(schema);
  if (rows.length === 0) return undefined;
  const head = ["Member", "Type", "Presence", "Meaning"].map((text) => element("th", { scope: "col" }, text));
  const body = rows.map(([name, ...rest]) => {
    const cells = rest.map((text) => element("td", {}, text));
    return element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), ...cells);
  });
  const parts = [
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  ];
  return element("div", { class: "wide", tabindex: "0" }, element("table", {}, ...parts));
}

function operation(path, method, details) {
  const body = details.requestBody?.content["application/json"].schema;
  const answer = details.responses["200"].content["application/json"].schema;
  const name = RUN.exec(path)?.groups.name;
  const stream = details.responses["200"].content["text/event-stream"]?.schema.description;
  const parts = [
    element("h2", { id: details.operationId }, element("code", {}, `${method.toUpperCase()} ${path}`)),
    element("p", {}, details.summary),
    body && table("Body", body),
    table("Answer", resolve(answer)),
    stream && element("p", {}, stream),
    name && element("pre", { tabindex: "0", "aria-label": "Example" }, commandLine(name, body)),
  ];
  return element("section", { "aria-labelledby": details.operationId }, ...parts.filter(Boolean));
}

/** A run with a placeholder for each variable that has to be there. */
function commandLine(name, body) {
  const { properties = {}, required = [] } = body.properties.variables;
  const variables = required.map((variable) => [variable, placeholder(resolve(properties[variable] ?? {}))]);
  return curl(name, { variables: Object.fromEntries(variables) }, savedKey() !== "");
}

function placeholder(schema) {
  if (schema.enum !== undefined) return schema.enum[0];
  const type = [schema.type].flat()[0];
  return { integer: 1, number: 1, boolean: true, array: [], object: {} }[type] ?? "…";
}

async function show() {
  const main = document.getElementById("operations");
  try {
    const document_ = await get("/v1/openapi.json");
    schemas = document_.components.schemas;
    const paths = Object.entries(document_.paths).sort(([one], [other]) => RUN.test(other) - RUN.test(one));
    const operations = paths.flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, details]) => operation(path, method, details)),
    );
    main.replaceChildren(...operations, errors());
  } catch (error) {
    const prompt = error.problem?.code === "unauthorized" ? askForKey() : undefined;
    main.replaceChildren(...[element("p", { role: "alert" }, error.message), prompt].filter(Boolean));
  }
}

function errors() {
  const text = "Every error but those of /v1/responses is a problem document (RFC 9457), application/problem+json.";
  const parts = [element("h2", {}, "Errors"), element("p", {}, text), table("Problem", schemas.Problem)];
  return element("section", {}, ...parts.filter(Boolean));
}

function askForKey() {
  const key = element("input", { id: "key", type: "password", autocomplete: "off" });
  const label = element("label", { for: "key" }, "API key");
  const form = element("form", {}, label, key, element("button", {}, "Use this key"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    saveKey(key.value.trim());
    show();
  });
  return form;
}

show();
