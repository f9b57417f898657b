/** Everything that can go wrong, as one tree of errors. */

/** What is wrong with one value: a JSON pointer into the request's body, and a sentence. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** What is known of a failure. */
export interface ErrorDetails {
  readonly statusCode?: number | undefined;
  readonly requestId?: string | undefined;
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Headers | undefined;
  readonly retryAfter?: number | undefined;
  readonly attempts?: number | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly cause?: unknown;
}

/** Whatever this package throws, but for the reason of an AbortSignal of yours. */
export class PromptsError extends Error {
  override readonly name: string = "PromptsError";
  /** The answer's HTTP status; in a stream that failed on its way, the problem's. */
  readonly statusCode: number | undefined;
  /** What the server calls the request in its logs. */
  readonly requestId: string | undefined;
  /** The protocol's code, such as `rate_limited`. */
  readonly code: string | undefined;
  /** The problem's type, a URI. */
  readonly type: string | undefined;
  /** What the server answered: JSON if it is that, else text. */
  readonly body: unknown;
  readonly headers: Headers | undefined;
  /** How many seconds the server asks to wait. */
  readonly retryAfter: number | undefined;
  /** How many times the request was sent. */
  readonly attempts: number | undefined;
  /** What is wrong with single values. */
  readonly errors: readonly FieldError[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.statusCode = details.statusCode;
    this.requestId = details.requestId;
    this.code = details.code;
    this.type = details.type;
    this.body = details.body;
    this.headers = details.headers;
    this.retryAfter = details.retryAfter;
    this.attempts = details.attempts;
    this.errors = details.errors ?? [];
  }
}

/** The client cannot be made, or a call cannot be sent, with what it was given. */
export class ConfigurationError extends PromptsError {
  override readonly name = "ConfigurationError";
}

/** No answer, or only a part of one: the network failed. */
export class APIConnectionError extends PromptsError {
  override readonly name: string = "APIConnectionError";
}

/** A time limit of yours passed. */
export class APITimeoutError extends APIConnectionError {
  override readonly name = "APITimeoutError";
  /** The text that a stream had brought until then. */
  readonly partial: string = "";
}

/** A stream that ended without its last event. */
export class StreamTruncatedError extends APIConnectionError {
  override readonly name = "StreamTruncatedError";
  /** The text that had come until then. */
  readonly partial: string;

  constructor(message: string, partial: string, details?: ErrorDetails) {
    super(message, details);
    this.partial = partial;
  }
}

/** What answered is no prompt endpoint, or not all of one: a proxy's page with status 200, say. */
export class UnexpectedResponseError extends PromptsError {
  override readonly name = "UnexpectedResponseError";
}

/** An event of a stream that is larger than the limit. */
export class EventTooLargeError extends PromptsError {
  override readonly name = "EventTooLargeError";
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`An event of the stream is larger than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** A webhook was not signed with this secret, or its time is too far from now. */
export class WebhookVerificationError extends PromptsError {
  override readonly name = "WebhookVerificationError";
}

/** The endpoint answered with a problem (RFC 9457). A class for each code stands in `problems`. */
export class APIError extends PromptsError {
  override readonly name: string = "APIError";
}
