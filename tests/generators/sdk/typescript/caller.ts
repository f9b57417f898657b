// Code that was written for the prompt as it was, and uses all of it.

import { Acme } from "./index.js";

const client = new Acme({ baseUrl: "https://prompts.acme.example" });

await client.article({ text: "…" });
await client.article({ text: "…", author: { name: "Ada" } });
const answer = await client.article(
  {
    text: "…",
    style: "bullet",
    count: 3,
    draft: true,
    note: null,
    reference: 7,
    tags: ["a"],
    author: { name: "Ada", mail: "ada@acme.example" },
    scores: { a: 1.5 },
    extra: { anything: ["goes"] },
  },
  { user: "u1" },
);

export const { json } = answer.output;
export const title: string = json.title;
export const kind: "news" | "opinion" = json.kind;
export const score: number | undefined = json.score;
export const subtitle: string | null = json.subtitle;
export const points: string[] = json.points;
export const url: string = json.source.url;
export const year: number | undefined = json.source.year;
export const link: string | number = json.link;
