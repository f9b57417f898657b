// Reads deployments from stdin, a JSON line each: {"files": {path: text}, "bindings": {name: text}, "storeDown"}.
// Bundles the project, runs it in workerd in place of the one before, its store empty or, where that is to be
// down, with another in its place that fails; answers {"url"} or {"error"}.

import { createRequire } from "node:module";
import { posix } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2]);
const esbuild = require("esbuild");
const { Log, LogLevel, Miniflare } = require("miniflare");
const typescript = require("typescript");

/** What stands in for a store that is down. */
const DOWN = `
  import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
  const fail = () => { throw new Error("down"); };
  export class Claims extends DurableObject { claim() { fail(); } keep() { fail(); } release() { fail(); } }
  export class Counts extends DurableObject { take() { fail(); } }
  export class Cache extends WorkerEntrypoint { getWithMetadata() { fail(); } put() { fail(); } }
  export default {};
`;

let worker;
let deployments = 0;

async function deploy({ files, bindings, storeDown }) {
  const settings = readSettings(files["wrangler.jsonc"]);
  const project = {
    name: "project",
    modules: [{ type: "ESModule", path: "worker.js", contents: await bundle(files, settings.main) }],
    bindings: { ...settings.vars, ...bindings },
    compatibilityDate: settings.compatibility_date,
    compatibilityFlags: settings.compatibility_flags ?? [],
    ...(storeDown ? downStoreOf(settings) : storeOf(settings)),
  };
  const down = {
    name: "down",
    modules: [{ type: "ESModule", path: "down.js", contents: DOWN }],
    compatibilityDate: settings.compatibility_date,
  };
  const options = {
    workers: storeDown ? [project, down] : [project],
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleRuntimeStdio: (stdout, stderr) => {
      stdout.resume();
      stderr.pipe(process.stderr, { end: false });
    },
  };
  if (worker === undefined) worker = new Miniflare(options);
  else await worker.setOptions(options);
  return { url: (await worker.ready).href };
}

/** The store that wrangler.jsonc declares, of which each deployment has one of its own. */
function storeOf({ durable_objects: objects, kv_namespaces: namespaces = [], migrations = [] }) {
  deployments += 1;
  const sqlite = new Set(migrations.flatMap(({ new_sqlite_classes: classes = [] }) => classes));
  const bound = (objects?.bindings ?? []).map(({ name, class_name: className }) => {
    const unsafeUniqueKey = `${className}-${deployments}`;
    return [name, { className, useSQLite: sqlite.has(className), unsafeUniqueKey }];
  });
  return {
    durableObjects: Object.fromEntries(bound),
    kvNamespaces: Object.fromEntries(namespaces.map(({ binding }) => [binding, `${binding}-${deployments}`])),
  };
}

function downStoreOf({ durable_objects: objects, kv_namespaces: namespaces = [] }) {
  const bound = (objects?.bindings ?? []).map(({ name, class_name: className }) => {
    return [name, { className, scriptName: "down", useSQLite: true }];
  });
  return {
    durableObjects: Object.fromEntries(bound),
    serviceBindings: Object.fromEntries(
      namespaces.map(({ binding }) => [binding, { name: "down", entrypoint: "Cache" }]),
    ),
  };
}

function readSettings(text) {
  const { config, error } = typescript.parseConfigFileTextToJson("wrangler.jsonc", text);
  if (error) throw new Error(typescript.flattenDiagnosticMessageText(error.messageText, "\n"));
  return config;
}

async function bundle(files, entry) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [inMemory(files)],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

/** The project's files for esbuild, without a disk. */
function inMemory(files) {
  return {
    name: "in-memory",
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        const target = posix.join(importer === "" ? "" : posix.dirname(importer), path);
        const found = [target, `${target}.ts`, `${target}/index.ts`, target.replace(/\.js$/, ".ts")];
        const file = found.find((candidate) => candidate in files);
        if (file !== undefined) return { path: file, namespace: "project" };
        if (/^(cloudflare|node):/.test(path)) return { external: true };
        return { errors: [{ text: `${importer} imports ${path}, which the project does not have` }] };
      });
      build.onLoad({ filter: /.*/, namespace: "project" }, ({ path }) => ({
        contents: files[path],
        loader: path.endsWith(".json") ? "json" : "ts",
      }));
    },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await deploy(JSON.parse(line)).catch((error) => ({ error: String(error?.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await worker?.dispose();
