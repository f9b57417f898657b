// A generated Cloudflare project in workerd, for tests: its Durable Objects have a clock that tests move, and tell
// their rows, and the model is a function here. The project has no other code than its own.

import { createRequire } from "node:module";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const esbuild = require("esbuild");
const { Log, LogLevel, Miniflare } = require("miniflare");
const typescript = require("typescript");

/** Beside the project's worker, what tests ask of its objects. They share `clock`: `aheadMs` of the real one, or
 * standing at `fixedMs`; while it is `down` nobody can read it. */
const ENTRY = `
  import worker, { Claims as OwnClaims, Counts as OwnCounts } from "./src/index.ts";

  const clock = { aheadMs: 0, fixedMs: null, down: false };

  const watched = (Own) => class extends Own {
    cursors = [];
    constructor(...args) {
      super(...args);
      const { sql } = this;
      const exec = (...statement) => {
        const cursor = sql.exec(...statement);
        this.cursors.push(cursor);
        return cursor;
      };
      this.sql = { exec };
    }
    now() {
      if (clock.down) throw new Error("down");
      return clock.fixedMs ?? super.now() + clock.aheadMs;
    }
    rows(table) {
      return this.sql.exec("SELECT * FROM " + table + " ORDER BY name").toArray();
    }
    async dueIn() {
      const due = await this.ctx.storage.getAlarm();
      return due === null ? null : due - Date.now();
    }
    async sweep() {
      await this.ctx.storage.deleteAlarm(); // as when it has fired
      await this.alarm();
    }
    written() {
      return this.cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    }
  };
  export class Claims extends watched(OwnClaims) {}
  export class Counts extends watched(OwnCounts) {}

  export default {
    async fetch(request, env, context) {
      if (new URL(request.url).pathname !== "/test") return worker.fetch(request, env, context);
      const { set, binding, object, method, args } = await request.json();
      Object.assign(clock, set);
      if (binding === undefined) return Response.json(clock);
      const stub = env[binding].getByName(object);
      return Response.json((await stub[method](...args)) ?? null);
    },
  };
`;

/** The project at `folder`, its bundle changed by `change`. */
export async function pack(folder, change = (bundle) => bundle) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: ENTRY, resolveDir: folder, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    external: ["cloudflare:workers"],
    plugins: [{ name: "bundle", setup: (build) => changeBundle(build, change) }],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

function changeBundle(build, change) {
  const { readFileSync } = require("node:fs");
  build.onLoad({ filter: /\/src\/bundle\.json$/ }, ({ path }) => {
    return { contents: JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))), loader: "json" };
  });
}

/** Start a packed project: `send` asks its worker over a socket, `test` its objects. `model` answers what the
 * worker fetches; `persist` is a folder for what the objects keep. */
export async function start({ code, settings, bindings, model, persist }) {
  const { config } = typescript.parseConfigFileTextToJson("wrangler.jsonc", settings);
  const log = [];
  const classes = config.durable_objects.bindings.map(({ name, class_name: className }) => [
    name,
    { className, useSQLite: config.migrations[0].new_sqlite_classes.includes(className) },
  ]);
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: code }],
    bindings: { ...config.vars, ...bindings },
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: Object.fromEntries(classes),
    durableObjectsPersist: persist ?? false,
    kvNamespaces: config.kv_namespaces.map(({ binding }) => binding),
    outboundService: (request) => model(request),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout, stderr) {
      for (const stream of [stdout, stderr]) stream.on("data", (data) => log.push(String(data)));
    },
  });
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL();
  const send = (path, init) => fetch(new URL(path, url), init);
  const ask = async (question) => {
    const response = await send("/test", { method: "POST", body: JSON.stringify(question) });
    return response.json();
  };
  return {
    send,
    log,
    url,
    /** Sets members of the objects' clock. */
    set: (members) => ask({ set: members }),
    /** Calls a method of an object. */
    call: (binding, object, method, ...args) => ask({ binding, object, method, args }),
    kv: () => miniflare.getKVNamespace("PROMPTSTUDIO_CACHE"),
    stop: () => miniflare.dispose(),
  };
}
