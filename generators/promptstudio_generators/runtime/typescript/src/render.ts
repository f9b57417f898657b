/** Renders template trees. A tree is compiled once, to closures; a rendering only calls them. */

import { indented, toMessages } from "./assemble";
import { Run, State, deepened, filled, merged } from "./context";
import type { Piece, Value } from "./context";
import { MISSING, compileExpression, compileHash, evaluateHash } from "./evaluate";
import type { Evaluate } from "./evaluate";
import type { Message } from "./messages";
import type { BlockNode, Expression, MediaNode, Node, PartialNode } from "./tree";
import { toText } from "./values";
import type { Json, JsonObject } from "./values";

type Emit = (state: State) => void;

/** The partials' bodies; one may reach itself, so that they are looked up when they are rendered. */
type Partials = Map<string, Emit>;

const THIS: Expression = { type: "path", up: 0, names: [] };

/** A template ready to be rendered, any number of times. */
export class Renderer {
  constructor(private readonly body: Emit) {}

  /**
   * The messages for these variables. `context` holds the variables written with `@`.
   *
   * Throws AppError render_depth, render_loops or render_size where a bound is passed.
   */
  render(variables: JsonObject, history: readonly Message[] = [], context: JsonObject = {}): Message[] {
    const run = new Run();
    const data = [{ root: variables, ...context }, context];
    this.body(new State(run, variables, [variables], data, new Map()));
    return toMessages(run.pieces, history);
  }
}

/** Makes a template tree ready, with all the partials it reaches. */
export function compileTemplate(nodes: readonly Json[], partials: Record<string, Json[]>): Renderer {
  const bodies: Partials = new Map();
  for (const [name, partial] of Object.entries(partials)) {
    bodies.set(name, compileBody(partial as unknown as Node[], bodies, 0));
  }
  return new Renderer(compileBody(nodes as unknown as Node[], bodies, 0));
}

/** Nodes in sequence. `depth` counts the blocks around them. */
function compileBody(nodes: readonly Node[], partials: Partials, depth: number): Emit {
  const emits = nodes.map((node) => compileNode(node, partials, depth));
  let size = 0;
  for (const node of nodes) if (node.type === "text") size += node.text.length;
  return (state) => {
    state.run.charge(size);
    for (const emit of emits) emit(state);
  };
}

function compileNode(node: Node, partials: Partials, depth: number): Emit {
  switch (node.type) {
    case "text":
      return piece(node.text);
    case "role":
      return piece({ type: "mark", role: node.role });
    case "history":
      return piece({ type: "mark", role: undefined });
    case "section":
      return piece({ type: "section", name: node.name });
    case "value": {
      const evaluate = compileExpression(node.value);
      return (state) => state.run.write(toText(evaluate(state)));
    }
    case "media":
      return media(node);
    case "partial":
      return partial(node, partials, depth + 1);
    case "block": {
      const body = compileBody(node.body, partials, depth + 1);
      return block(node, body, compileBody(node.else ?? [], partials, depth + 1));
    }
  }
}

/** Prints what does not depend on variables. Its characters are counted by the body it stands in. */
function piece(constant: Piece): Emit {
  return (state) => {
    state.run.pieces.push(constant);
  };
}

function media(node: MediaNode): Emit {
  const evaluateUrl = compileExpression(node.url ?? MISSING);
  const evaluateType = compileExpression(node.content_type ?? MISSING);
  return (state) => {
    const url = toText(evaluateUrl(state));
    const type = evaluateType(state);
    if (url !== "") {
      state.run.pieces.push({ type: "media", url, contentType: type ? toText(type) : undefined });
    }
  };
}

/** A partial: it has contexts of its own, and sees the data of its place. */
function partial(node: PartialNode, partials: Partials, levels: number): Emit {
  const context = compileExpression(node.context ?? THIS);
  const pairs = compileHash(node.hash);
  const { name, indent = "" } = node;
  return (state) => {
    const { run, data } = state;
    run.loop();
    run.enter(levels);
    const given = context(state);
    const value = node.hash === undefined ? given : merged(given, evaluateHash(pairs, state));
    const outer = run.pieces;
    if (indent !== "") run.pieces = [];
    (partials.get(name) as Emit)(new State(run, value, [value], data, new Map()));
    if (indent !== "") {
      const inner = run.pieces;
      run.pieces = outer.concat(indented(inner, indent, (count) => run.charge(count)));
    }
    run.leave(levels);
  };
}

function block(node: BlockNode, body: Emit, otherwise: Emit): Emit {
  const [first = MISSING, second = MISSING] = node.arguments;
  const argument = compileExpression(first);
  const names = node.parameters ?? [];
  switch (node.helper) {
    case "each":
      return each(argument, names, body, otherwise);
    case "with":
      return within(argument, names, body, otherwise);
    case "if":
      return choose(isFilled(node, argument), body, otherwise);
    case "unless":
      return choose(isFilled(node, argument), otherwise, body);
    case "ifEquals":
      return choose(equals(argument, compileExpression(second)), body, otherwise);
    case "unlessEquals":
      return choose(equals(argument, compileExpression(second)), otherwise, body);
    default:
      throw new Error(`The bundle has a block helper ${node.helper}, which this runtime lacks.`);
  }
}

function isFilled(node: BlockNode, evaluate: Evaluate): (state: State) => boolean {
  const zero = compileExpression(node.hash?.["includeZero"] ?? MISSING);
  return (state) => filled(evaluate(state), Boolean(zero(state)));
}

function equals(left: Evaluate, right: Evaluate): (state: State) => boolean {
  return (state) => left(state) === right(state);
}

function choose(test: (state: State) => boolean, yes: Emit, no: Emit): Emit {
  return (state) => (test(state) ? yes : no)(state.inside());
}

function within(evaluate: Evaluate, names: readonly string[], body: Emit, otherwise: Emit): Emit {
  return (state) => {
    const context = evaluate(state);
    if (filled(context, true)) {
      const parameters = bound(state.parameters, names, [context]);
      body(new State(state.run, context, deepened(context, state.depths), state.data, parameters));
    } else {
      otherwise(state.inside());
    }
  };
}

function each(evaluate: Evaluate, names: readonly string[], body: Emit, otherwise: Emit): Emit {
  return (state) => {
    const items = evaluate(state);
    const entries = typeof items === "object" && items !== null ? Object.entries(items) : [];
    if (entries.length === 0) {
      otherwise(state.inside());
      return;
    }
    entries.forEach(([name, item], index) => {
      state.run.loop();
      const key = Array.isArray(items) ? index : name;
      const own = { ...state.data[0], key, index, first: index === 0, last: index === entries.length - 1 };
      const parameters = bound(state.parameters, names, [item, key]);
      body(new State(state.run, item, deepened(item, state.depths), [own, ...state.data], parameters));
    });
  };
}

/** The block parameters in a body; those that the block gives no value are undefined. */
function bound(
  outer: ReadonlyMap<string, Value>,
  names: readonly string[],
  values: readonly Value[],
): ReadonlyMap<string, Value> {
  if (names.length === 0) return outer;
  return new Map([...outer, ...names.map((name, index) => [name, values[index]] as const)]);
}
