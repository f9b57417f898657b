/** The one kind of error that a client reads. Codes, statuses and texts stand in protocol.json. */

import protocol from "./protocol.json";

/** The row of protocol.json's `problems`. */
export type Problem = keyof typeof protocol.problems;

/** What is wrong with one value: a JSON pointer into the body, and a sentence. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** What fills a text's braces; and `errors` and `retryAfter`, in seconds, which go beside the text. */
export interface ErrorParameters {
  readonly errors?: readonly FieldError[];
  readonly retryAfter?: number | undefined;
  readonly [name: string]: string | number | readonly FieldError[] | undefined;
}

export const BOUNDS = protocol.bounds;

/** A refusal that the caller can read. Code and status follow from the problem. */
export class AppError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly errors: readonly FieldError[];
  readonly retryAfter: number | undefined;

  constructor(
    readonly problem: Problem,
    parameters: ErrorParameters = {},
  ) {
    const row = protocol.problems[problem];
    const { status, title } = protocol.codes[row.code as keyof typeof protocol.codes];
    super(fill(row.detail, parameters));
    this.code = row.code;
    this.status = status;
    this.title = title;
    this.errors = parameters.errors ?? [];
    this.retryAfter = parameters.retryAfter;
  }

  get detail(): string {
    return this.message;
  }
}

/** Puts each parameter in the place of its `{name}`, once, never looking into what was put in. */
export function fill(text: string, parameters: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
}
