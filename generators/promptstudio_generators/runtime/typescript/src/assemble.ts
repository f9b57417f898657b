/** Puts what a template has printed together to messages. */

import type { Piece } from "./context";
import type { Message, Part } from "./messages";

const FIRST_ROLE = "user";
const ROLE_AFTER_HISTORY = "model";

/**
 * The messages that pieces make up, with the history in its place.
 *
 * A message of white space alone vanishes. A history that no mark places stands before the last message if
 * that is the user's, else at the end.
 */
export function toMessages(pieces: readonly Piece[], history: readonly Message[]): Message[] {
  const past = history.map((message) => ({ ...message, history: true }));
  const messages: Message[] = [];
  let role: Message["role"] = FIRST_ROLE;
  let placed = false;
  let start = 0;
  pieces.forEach((piece, index) => {
    if (typeof piece === "string" || piece.type !== "mark") return;
    add(messages, role, pieces.slice(start, index));
    start = index + 1;
    role = piece.role ?? ROLE_AFTER_HISTORY;
    if (piece.role === undefined) {
      for (const message of past) messages.push(message);
      placed = true;
    }
  });
  add(messages, role, pieces.slice(start));
  return placed ? messages : withHistory(messages, past);
}

/** Adds a message: media and sections as they are, the texts between them joined, blank ones left out. */
function add(messages: Message[], role: Message["role"], pieces: readonly Piece[]): void {
  const parts: Part[] = [];
  let text = "";
  for (const piece of [...pieces, undefined]) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (text.trim() !== "") parts.push({ type: "text", text });
    text = "";
    if (piece !== undefined && piece.type !== "mark") parts.push(piece);
  }
  if (parts.length > 0) messages.push({ role, content: parts });
}

function withHistory(messages: readonly Message[], past: readonly Message[]): Message[] {
  const end = messages.length - (messages.at(-1)?.role === "user" ? 1 : 0);
  return [...messages.slice(0, end), ...past, ...messages.slice(end)];
}

/**
 * Pieces with each of their lines indented, but for an empty last one.
 *
 * `charge` is told how many characters are added, before they are.
 */
export function indented(pieces: readonly Piece[], indent: string, charge: (count: number) => void): Piece[] {
  const done: Piece[] = [];
  let fresh = true;
  for (const piece of pieces) {
    if (piece === "") continue;
    if (fresh) {
      charge(indent.length);
      done.push(indent);
    }
    fresh = false;
    if (typeof piece === "string") {
      fresh = piece.endsWith("\n");
      const lines = (fresh ? piece.slice(0, -1) : piece).split("\n");
      charge(indent.length * (lines.length - 1));
      done.push(lines.join(`\n${indent}`) + (fresh ? "\n" : ""));
    } else {
      done.push(piece);
    }
  }
  return done;
}
