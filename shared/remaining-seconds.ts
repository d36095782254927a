import { limits } from './limits.ts';

/** Whole seconds until `endsAt`, from 1 to the longest time of the protocol; null for what never ends. */
export function remainingSeconds(endsAt: number | null, nowMs: number): number | null {
  if (endsAt === null || endsAt === Number.POSITIVE_INFINITY) return null;
  return Math.min(limits.ttlMaxSeconds, Math.max(1, Math.ceil((endsAt - nowMs) / 1_000)));
}
