/** Compiles the expressions of a template tree to closures. */

import { jsonOf, keyOf, member } from "./context";
import type { State, Value } from "./context";
import type { CallExpression, DataExpression, Expression, Hash, PathExpression } from "./tree";

export const MISSING: Expression = { type: "undefined" };

export type Evaluate = (state: State) => Value;
export type HashEvaluates = ReadonlyMap<string, Evaluate>;

export function compileExpression(expression: Expression): Evaluate {
  switch (expression.type) {
    case "literal": {
      const { value } = expression;
      return () => value;
    }
    case "undefined":
      return () => undefined;
    case "path":
      return path(expression);
    case "data":
      return data(expression);
    case "parameter": {
      const { name, names } = expression;
      return (state) => names.reduce(member, state.parameters.get(name));
    }
    case "call":
      return call(expression);
  }
}

export function compileHash(pairs: Hash = {}): HashEvaluates {
  return new Map(Object.entries(pairs).map(([name, expression]) => [name, compileExpression(expression)]));
}

export function evaluateHash(pairs: HashEvaluates, state: State): ReadonlyMap<string, Value> {
  return new Map(Array.from(pairs, ([name, evaluate]) => [name, evaluate(state)]));
}

function path({ up, names }: PathExpression): Evaluate {
  const [name] = names;
  if (up > 0) return (state) => names.reduce(member, state.depths[up]);
  if (name !== undefined && names.length === 1) return (state) => member(state.context, name);
  return (state) => names.reduce(member, state.context);
}

/** A variable written with `@`. Unlike in other paths, a name after a false value gives that value. */
function data({ up, name, names }: DataExpression): Evaluate {
  return (state) => {
    let value = member(state.data[up], name);
    for (const step of names) {
      if (!value) return value;
      value = member(value, step);
    }
    return value;
  };
}

function call({ helper, arguments: [first = MISSING, second = MISSING], hash }: CallExpression): Evaluate {
  const argument = compileExpression(first);
  return helper === "lookup" ? lookup(argument, compileExpression(second)) : json(argument, hash);
}

function lookup(container: Evaluate, key: Evaluate): Evaluate {
  return (state) => {
    const value = container(state);
    return value ? member(value, keyOf(key(state))) : value;
  };
}

function json(argument: Evaluate, hash: Hash = {}): Evaluate {
  const indent = compileExpression(hash["indent"] ?? MISSING);
  return (state) => jsonOf(argument(state), indent(state));
}
