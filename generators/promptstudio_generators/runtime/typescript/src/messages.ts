/** Messages: what a template renders to, what a history holds, and what a model is sent. */

export interface Text {
  readonly type: "text";
  readonly text: string;
}

export interface Media {
  readonly type: "media";
  readonly url: string;
  readonly contentType?: string | undefined;
}

/** A named place in a message (`{{section "name"}}`). It says nothing to the model. */
export interface Section {
  readonly type: "section";
  readonly name: string;
}

export type Part = Text | Media | Section;

/** `history` marks what the caller, not the template, said. */
export interface Message {
  readonly role: "system" | "user" | "model";
  readonly content: readonly Part[];
  readonly history?: boolean;
}
