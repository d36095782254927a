/** When something ends that lasts `seconds` from `fromMs`; null is for ever. Milliseconds since the epoch, Infinity is permanent. */
export function endAfter(fromMs: number, seconds: number | null): number {
  return seconds === null ? Number.POSITIVE_INFINITY : fromMs + seconds * 1_000;
}
