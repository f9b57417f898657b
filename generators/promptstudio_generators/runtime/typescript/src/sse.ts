/** Server-sent events, read without any I/O (https://html.spec.whatwg.org, section 9.2). */

/** One event. `event` is its type, undefined where the stream names none. */
export interface ServerSentEvent {
  readonly event: string | undefined;
  readonly data: string;
}

/** One frame. `dataLine` has no line breaks: JSON, as a rule. */
export function encode(event: string, dataLine: string): string {
  return `event: ${event}\ndata: ${dataLine}\n\n`;
}

/** Bytes in, as they come; whole events out, as soon as their last byte is there. */
export class SseDecoder {
  private readonly utf8 = new TextDecoder();
  private tail = ""; // a line whose end has not come
  private data: string[] = [];
  private event = "";
  private afterCr = false;

  /** The events that `chunk` completes. Bytes that are no UTF-8 become U+FFFD. */
  feed(chunk: Uint8Array): ServerSentEvent[] {
    let text = this.utf8.decode(chunk, { stream: true });
    if (this.afterCr && text !== "") {
      if (text.startsWith("\n")) text = text.slice(1);
      this.afterCr = false;
    }
    const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1;
    if (end === 0) {
      this.tail += text;
      return [];
    }
    this.afterCr = end === text.length && text.endsWith("\r");
    const lines = (this.tail + text.slice(0, end)).split(/\r\n|\n|\r/);
    lines.pop(); // what follows the last line's end: nothing
    this.tail = text.slice(end);
    return this.readLines(lines);
  }

  /** The event that only its blank line was missing from: some servers end without one. An event cut off
   * within a line is dropped. */
  finish(): ServerSentEvent[] {
    this.tail += this.utf8.decode();
    return this.tail !== "" || this.data.length === 0 ? [] : [this.dispatch()];
  }

  private readLines(lines: readonly string[]): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) events.push(this.dispatch());
        this.event = "";
      } else if (line.startsWith("data:")) {
        this.data.push(line.slice(line.startsWith(" ", 5) ? 6 : 5));
      } else if (line.startsWith("event:")) {
        this.event = line.slice(line.startsWith(" ", 6) ? 7 : 6);
      } else if (line === "data") {
        this.data.push("");
      } else if (line === "event") {
        this.event = "";
      }
    }
    return events;
  }

  private dispatch(): ServerSentEvent {
    const event = { event: this.event === "" ? undefined : this.event, data: this.data.join("\n") };
    this.data = [];
    return event;
  }
}
