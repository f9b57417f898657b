/** A form made from a JSON Schema: one field for each variable. */

import { element } from "./element.js";

/** A form's fields for the variables of a schema, filled with `values`. */
export class Fields {
  constructor(schema, values) {
    const required = new Set(schema.required ?? []);
    this.fields = Object.entries(schema.properties ?? {}).map(([name, member]) =>
      makeField(name, `/variables/${step(name)}`, member, values[name] ?? member.default, required.has(name)),
    );
    if (this.fields.length === 0) this.open = makeField("variables", "/variables", {}, values, false);
    this.node = element("div", {}, ...this.all().map((field) => field.node));
  }

  all() {
    return this.open ? [this.open] : this.fields;
  }

  /** The variables as they stand; throws InvalidField. */
  values() {
    if (this.open) return this.open.read() ?? {};
    const pairs = this.fields.map((field) => [field.name, field.read()]);
    return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
  }

  /** Put errors of a problem document beside their fields; gives those that have no field here. */
  show(errors) {
    for (const field of this.all()) field.say("");
    return errors.filter(({ pointer, message }) => {
      const field = this.all().find((one) => pointer === one.pointer || pointer.startsWith(`${one.pointer}/`));
      field?.say(field.pointer === pointer ? message : `${pointer.slice(field.pointer.length)} ${message}`);
      return field === undefined;
    });
  }
}

export class InvalidField extends Error {
  constructor(field) {
    super("This is not valid JSON.");
    this.errors = [{ pointer: field.pointer, message: this.message }];
  }
}

/** One labelled control. `kind` decides how its text becomes a value. */
export class Field {
  constructor(name, kind, control, { pointer, hint, required }) {
    this.name = name;
    this.kind = kind;
    this.control = control;
    this.pointer = pointer;
    this.required = required;
    const id = `field${pointer.replaceAll("/", "-")}`;
    control.id = id;
    control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
    this.error = element("p", { id: `${id}-error`, class: "error" });
    const mark = required ? element("span", { class: "required" }, " required") : undefined;
    const label = element("label", { for: id }, name, mark);
    const help = element("p", { id: `${id}-hint`, class: "hint" }, hint);
    this.node = element("div", { class: `field ${kind}` }, label, help, control, this.error);
  }

  say(message) {
    this.error.textContent = message;
    if (message) this.control.setAttribute("aria-invalid", "true");
    else this.control.removeAttribute("aria-invalid");
  }

  /** The value, undefined where an optional field is left empty. */
  read() {
    if (this.kind === "boolean") return this.control.checked;
    const text = this.control.value;
    if (text === "" && !(this.required && this.kind === "string")) return undefined;
    if (this.kind === "string") return text;
    if (this.kind === "number") return Number(text);
    try {
      return JSON.parse(text);
    } catch {
      throw new InvalidField(this);
    }
  }
}

/** A name as one step of a JSON pointer. */
function step(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function makeField(name, pointer, schema, value, required) {
  const kind = kindOf(schema);
  const hint = [schema.description, kind === "json" ? "JSON" : undefined].filter(Boolean).join(" · ");
  return new Field(name, kind, makeControl(kind, schema, value), { pointer, hint, required });
}

/** Texts of an enum are a choice; whatever no plain control can hold is written as JSON. */
function kindOf(schema) {
  const types = [schema.type].flat().filter((type) => type !== "null");
  if (schema.enum?.every((member) => typeof member === "string" || member === null)) return "string";
  if (types.length !== 1 || schema.enum) return "json";
  return { string: "string", integer: "number", number: "number", boolean: "boolean" }[types[0]] ?? "json";
}

function makeControl(kind, schema, value) {
  if (kind === "boolean") return element("input", { type: "checkbox", checked: value === true });
  if (kind === "number") {
    const whole = [schema.type].flat().includes("integer");
    const text = value === undefined ? "" : String(value);
    return element("input", { type: "number", step: whole ? "1" : "any", value: text });
  }
  if (kind === "string" && schema.enum) return makeChoice(schema.enum, value);
  const text = kind === "json" && value !== undefined ? JSON.stringify(value, null, 2) : (value ?? "");
  return makeTextArea(text);
}

function makeChoice(members, value) {
  const texts = ["", ...members.filter((member) => member !== null)];
  const options = texts.map((text) => element("option", { value: text, selected: text === value }, text));
  return element("select", {}, ...options);
}

/** A text area as tall as what it holds, within reason. */
export function makeTextArea(text) {
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);
  const area = element("textarea", { rows: String(Math.min(16, Math.max(2, lines))), spellcheck: "false" });
  area.value = text;
  return area;
}
