const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  // Both signs that Go takes: U+00B5 and U+03BC.
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const form = /^([+-]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/;
const part = /([0-9.]+)([a-zµμ]+)/g;
/** Longer than the longest that Go writes, `-2562047h47m16.854775808s`. */
const maxCharacters = 64;
/** Go counts nanoseconds in 64 bits. */
const mostMs = 2 ** 63 / 1e6;

/**
 * Milliseconds of a duration as Go's time.ParseDuration reads it: `3h51m48.32s`, `-27.268988ms`, `0`. Undefined for
 * anything else, and for what is longer than Go's own can be (292 years).
 */
export function parseGoDuration(text: string): number | undefined {
  if (text.length > maxCharacters) return undefined;
  const [, sign, parts] = form.exec(text) ?? [];
  if (parts === undefined) return undefined;
  let ms = 0;
  for (const [, count, unit = ''] of parts.matchAll(part)) ms += Number(count) * (unitMs.get(unit) ?? 0);
  if (ms > mostMs) return undefined;
  return sign === '-' ? -ms : ms;
}
