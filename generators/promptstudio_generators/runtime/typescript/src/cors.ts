/** Cross-origin answers: which headers let a configured origin's pages call an endpoint. */

import type { HeaderFields } from "./exchange";

const ANY = "*";

/** The headers of an answer to a request with these headers; none where no origin is configured. */
export function corsHeaders(headers: Headers, origins: ReadonlySet<string>): HeaderFields {
  if (origins.size === 0) return {};
  const origin = headers.get("origin");
  if (origin === null || !isAllowed(origin, origins)) return { Vary: "Origin" };
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers":
      "X-Request-Id, Retry-After, Server-Timing, RateLimit, RateLimit-Policy",
    Vary: "Origin",
  };
}

/** Whether this asks for leave to send what follows, from an origin that has it. */
export function isPreflight(request: Request, origins: ReadonlySet<string>): boolean {
  if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method")) return false;
  const origin = request.headers.get("origin");
  return origin !== null && isAllowed(origin, origins);
}

/** What a preflight is told beside corsHeaders: `method` is what the path answers. */
export function preflightHeaders(method: string): HeaderFields {
  return {
    "Access-Control-Allow-Methods": method,
    // The wildcard covers every header but Authorization, which has to be named.
    "Access-Control-Allow-Headers": "Authorization, *",
    "Access-Control-Max-Age": "86400",
  };
}

function isAllowed(origin: string, origins: ReadonlySet<string>): boolean {
  return origins.has(ANY) || origins.has(origin);
}
