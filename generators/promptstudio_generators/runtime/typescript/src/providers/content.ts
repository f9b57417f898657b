/** What a message holds, as providers take it: one string, or parts where there is media. */

import { AppError } from "../errors";
import type { Message } from "../messages";
import type { Provider } from "./base";

export const PDF = "application/pdf";

const UNNAMED = "image"; // what a media part without a type is taken for

/** Media by its kind. `base64` is there where the URL was a data URL that holds it. */
export interface Attachment {
  readonly url: string;
  readonly contentType: string;
  readonly isImage: boolean;
  readonly base64: string | undefined;
}

/** All of the message's text; undefined if it holds media. */
export function joinedText({ content }: Message): string | undefined {
  let joined = "";
  for (const part of content) {
    if (part.type === "media") return undefined;
    if (part.type === "text") joined += part.text;
  }
  return joined;
}

/** The message's parts, empty texts left out. Only the user may show media: else media_unsupported. */
export function parts(provider: Provider, message: Message): (string | Attachment)[] {
  const found: (string | Attachment)[] = [];
  for (const part of message.content) {
    if (part.type === "media") {
      const attachment = attachmentOf(part.url, part.contentType);
      if (message.role !== "user") throw unsupported(provider, attachment);
      found.push(attachment);
    } else if (part.type === "text" && part.text !== "") {
      found.push(part.text);
    }
  }
  return found;
}

export function unsupported(provider: Provider, { contentType }: Attachment): AppError {
  return new AppError("media_unsupported", { provider: provider.name, type: contentType });
}

function attachmentOf(url: string, declared: string | undefined): Attachment {
  let named: string | undefined;
  let base64: string | undefined;
  if (url.startsWith("data:")) {
    const comma = url.indexOf(",");
    const [type, ...parameters] = url.slice(5, comma === -1 ? undefined : comma).split(";");
    named = type;
    if (comma !== -1 && parameters.includes("base64")) base64 = url.slice(comma + 1);
  }
  const contentType = declared || named || UNNAMED;
  const isImage = contentType === UNNAMED || contentType.startsWith("image/");
  return { url, contentType, isImage, base64 };
}
