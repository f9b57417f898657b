/** Bytes, and texts as their bytes in UTF-8. */

/** Bytes of our own: WebCrypto takes no others. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** The SHA-256 of a text, or of bytes, in hexadecimal digits. */
export async function sha256(data: string | Bytes): Promise<string> {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How many bytes a text takes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
