/** The shapes of a parsed template: nodes and expressions, as docs/bundle.md describes them. */

import type { Json } from "./values";

export type Expression =
  | { type: "literal"; value: Json }
  | { type: "undefined" }
  | PathExpression
  | DataExpression
  | { type: "parameter"; name: string; names: string[] }
  | CallExpression;

export interface PathExpression {
  type: "path";
  up: number;
  names: string[];
}

export interface DataExpression {
  type: "data";
  up: number;
  name: string;
  names: string[];
}

export interface CallExpression {
  type: "call";
  helper: string;
  arguments: Expression[];
  hash?: Hash;
}

export type Hash = Record<string, Expression>;

export interface BlockNode {
  type: "block";
  helper: string;
  arguments: Expression[];
  hash?: Hash;
  parameters?: string[];
  body: Node[];
  else?: Node[];
}

export interface PartialNode {
  type: "partial";
  name: string;
  context?: Expression;
  hash?: Hash;
  indent?: string;
}

export interface MediaNode {
  type: "media";
  url?: Expression;
  content_type?: Expression;
}

export interface RoleNode {
  type: "role";
  role: "system" | "user" | "model";
}

export type Node =
  | { type: "text"; text: string }
  | { type: "value"; value: Expression }
  | { type: "history" }
  | { type: "section"; name: string }
  | RoleNode
  | BlockNode
  | PartialNode
  | MediaNode;
