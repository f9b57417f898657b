/** A bundle made ready to run: its templates and schemas compiled, its names resolved. */

import type { Price } from "./cost";
import { AppError } from "./errors";
import type { Limit } from "./limits";
import type { Api, OutputFormat, Provider } from "./providers/base";
import { compileTemplate } from "./render";
import type { Renderer } from "./render";
import { compileSchema } from "./validate";
import type { Validator } from "./validate";
import type { Json, JsonObject } from "./values";

const FORMAT = 1;
const DEFAULT_LABEL = "production";

/** One immutable version of a prompt. `validator` also fills in the variables' defaults. */
export interface Version {
  readonly number: number;
  /** The hash of the file that it comes from. */
  readonly source: string;
  readonly description: string | undefined;
  readonly provider: Provider;
  readonly api: Api;
  readonly model: string;
  readonly wireModel: string;
  readonly config: JsonObject;
  readonly limits: readonly Limit[];
  /** How long its answers may be given again. Undefined where they may not. */
  readonly cacheTtlS: number | undefined;
  readonly schema: JsonObject;
  readonly default: JsonObject;
  readonly output: OutputFormat;
  /** Undefined where it is not known. */
  readonly price: Price | undefined;
  readonly renderer: Renderer;
  readonly validator: Validator;
  /** Undefined where the output has no schema. */
  readonly outputValidator: Validator | undefined;
}

/** A prompt's versions by number, and its labels. `default` is the version of a run that names none: the one
 * labelled production, else the latest. */
export interface Prompt {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly labels: ReadonlyMap<string, number>;
  readonly latest: number;
  readonly versions: ReadonlyMap<number, Version>;
  readonly default: Version;
}

/** What an endpoint serves. `aliases` maps other names to prompts' names. */
export class Bundle {
  constructor(
    readonly hash: string,
    readonly providers: ReadonlyMap<string, Provider>,
    readonly prompts: ReadonlyMap<string, Prompt>,
    readonly aliases: ReadonlyMap<string, string>,
  ) {}

  hasLimits(): boolean {
    return [...this.prompts.values()].some(({ versions }) =>
      [...versions.values()].some(({ limits }) => limits.length > 0),
    );
  }

  /** The prompt and version a run asks for; throws AppError prompt_unknown, version_unknown, label_unknown. */
  resolve(name: string, version?: number, label?: string): [Prompt, Version] {
    const prompt = this.prompts.get(this.aliases.get(name) ?? name);
    if (prompt === undefined) throw new AppError("prompt_unknown", { name });
    if (label !== undefined) {
      const labelled = prompt.versions.get(prompt.labels.get(label) ?? Number.NaN);
      if (labelled === undefined) throw new AppError("label_unknown", { name, label });
      return [prompt, labelled];
    }
    if (version === undefined) return [prompt, prompt.default];
    const numbered = prompt.versions.get(version);
    if (numbered === undefined) throw new AppError("version_unknown", { name, version });
    return [prompt, numbered];
  }
}

/** Make a compiled bundle ready to run; throws Error where its format is not ours. */
export function loadBundle(document: Json): Bundle {
  const { format, hash, providers: providerRows, prompts: promptRows } = document as unknown as BundleRow;
  if (format !== FORMAT) {
    throw new Error(`The bundle's format is ${format}; this release reads format ${FORMAT}.`);
  }
  const providers = new Map(
    Object.entries(providerRows).map(([name, row]) => [name, providerOf(name, row)] as const),
  );
  const prompts = new Map(
    Object.entries(promptRows).map(([name, row]) => [name, promptOf(name, row, providers)] as const),
  );
  const aliases = [...prompts.values()].flatMap((prompt) =>
    prompt.aliases.map((alias) => [alias, prompt.name] as const),
  );
  return new Bundle(hash, providers, prompts, new Map(aliases));
}

/** The bundle's document, as docs/bundle.md describes it. */
interface BundleRow {
  format: number;
  hash: string;
  providers: Record<string, ProviderRow>;
  prompts: Record<string, PromptRow>;
}

interface ProviderRow {
  type: Api;
  base_url: string;
  api_key_env?: string;
  headers?: Record<string, string>;
  timeout_s: number;
}

interface PromptRow {
  aliases: string[];
  labels: Record<string, number>;
  latest: number;
  versions: Record<string, VersionRow>;
}

interface VersionRow {
  source: string;
  description?: string;
  provider: string;
  api: Api;
  model: string;
  price?: PriceRow;
  config: JsonObject;
  limits?: Limit[];
  cache?: { ttl_s: number };
  input: { schema: JsonObject; default: JsonObject };
  output: { format: string; schema?: JsonObject; wire_schema?: JsonObject; strict?: boolean };
  template: Json[];
  partials: Record<string, Json[]>;
}

interface PriceRow {
  input: number;
  output: number;
  cached: number;
  cache_write: number;
}

function providerOf(name: string, row: ProviderRow): Provider {
  return {
    name,
    type: row.type,
    baseUrl: row.base_url,
    apiKeyEnv: row.api_key_env,
    headers: Object.fromEntries(
      Object.entries(row.headers ?? {}).map(([header, value]) => [header.toLowerCase(), value]),
    ),
    timeoutS: row.timeout_s,
  };
}

function promptOf(name: string, row: PromptRow, providers: ReadonlyMap<string, Provider>): Prompt {
  const versions = new Map(
    Object.entries(row.versions).map(
      ([number, version]) => [Number(number), versionOf(Number(number), version, providers)] as const,
    ),
  );
  const labels = new Map(Object.entries(row.labels));
  return {
    name,
    aliases: row.aliases,
    labels,
    latest: row.latest,
    versions,
    default: found(versions, labels.get(DEFAULT_LABEL) ?? row.latest),
  };
}

function versionOf(number: number, row: VersionRow, providers: ReadonlyMap<string, Provider>): Version {
  const { schema, wire_schema: wireSchema, strict = false, format } = row.output;
  return {
    number,
    source: row.source,
    description: row.description,
    provider: found(providers, row.provider),
    api: row.api,
    model: row.model,
    wireModel: row.model.slice(row.model.indexOf("/") + 1),
    config: row.config,
    limits: row.limits ?? [],
    cacheTtlS: row.cache?.ttl_s,
    schema: row.input.schema,
    default: row.input.default,
    output: { format, schema, wireSchema, strict },
    price: row.price && priceOf(row.price),
    renderer: compileTemplate(row.template, row.partials),
    validator: variablesValidator(row.input.schema, row.input.default),
    outputValidator: schema && compileSchema(schema, { nullIsAbsent: true }),
  };
}

function priceOf({ input, output, cached, cache_write: cacheWrite }: PriceRow): Price {
  return { input, output, cached, cacheWrite };
}

function found<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`The bundle refers to ${String(key)}, which it does not hold.`);
  return value;
}

/** Variables are checked after the prompt's own defaults are laid under them. */
function variablesValidator(schema: JsonObject, defaults: JsonObject): Validator {
  const validate = compileSchema(schema, { unknown: "unknown_variable" });
  if (Object.keys(defaults).length === 0) return validate;
  return (value, pointer) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return validate(isObject ? { ...defaults, ...value } : value, pointer);
  };
}
