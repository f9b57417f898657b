/** Which requests are sent again, and when. */

export const LONGEST_WAIT_MS = 120_000;

const RETRIED: ReadonlySet<number> = new Set([408, 409, 429]);
const DECIMAL = /^([0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?|\.[0-9]+)$/i;
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

// The three forms of RFC 9110, section 5.6.7: the one to send, and the two that are to be read.
const IMF =
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/;
const RFC850 =
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/;
const ASCTIME =
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/;

/** Whether an answer with this status is worth another attempt. The server's `x-should-retry` decides, where it
 * says so. */
export function isRetried(status: number, headers: Headers): boolean {
  const verdict = headers.get("x-should-retry")?.trim().toLowerCase();
  if (verdict === "true" || verdict === "false") return verdict === "true";
  return RETRIED.has(status) || status >= 500;
}

/** How many milliseconds the server asks to wait; undefined where it says nothing readable. `nowMs` is in
 * milliseconds since 1970. A date that has passed says nothing either. */
export function askedWaitMs(headers: Headers, nowMs: number): number | undefined {
  const ms = decimal(headers.get("retry-after-ms"));
  if (ms !== undefined) return ms;
  const value = headers.get("retry-after");
  const seconds = decimal(value);
  if (seconds !== undefined) return seconds * 1000;
  const dateMs = httpDateMs(value?.trim() ?? "", nowMs);
  return dateMs === undefined || dateMs < nowMs ? undefined : dateMs - nowMs;
}

/** How many milliseconds to wait of one's own accord after so many retries. `random` is from 0 to 1, without 1. */
export function backoffMs(retries: number, random: number): number {
  return Math.min(500 * 2 ** retries, 8000) * (1 - 0.25 * random);
}

function decimal(value: string | null): number | undefined {
  const text = value?.trim() ?? "";
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function httpDateMs(value: string, nowMs: number): number | undefined {
  const found = (IMF.exec(value) ?? RFC850.exec(value) ?? ASCTIME.exec(value))?.groups;
  if (found === undefined) return undefined;
  const month = MONTHS.indexOf(found["month"] ?? " ") / 3;
  const [hour, minute, second] = (found["time"] ?? "").split(":").map(Number) as [number, number, number];
  const day = Number(found["day"]);
  const dateMs = Date.UTC(fullYear(found["year"] ?? "", nowMs), month, day, hour, minute, second);
  // Dates that there are not would be counted on: 31 April is 1 May to Date.UTC.
  const isThere = new Date(dateMs).getUTCDate() === day && hour < 24 && minute < 60 && second <= 60;
  return month >= 0 && isThere ? dateMs : undefined;
}

/** RFC 9110: a year of two digits that seems to lie more than 50 years ahead is the past one that ends so. */
function fullYear(year: string, nowMs: number): number {
  if (year.length === 4) return Number(year);
  const now = new Date(nowMs).getUTCFullYear();
  const near = now - (now % 100) + Number(year);
  return near > now + 50 ? near - 100 : near;
}
