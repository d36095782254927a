import { formatDuration } from '../../../shared/duration.ts';
import { formatInstant } from '../../../shared/instant.ts';

/** How times look to a person. */
export interface Times {
  /** How long until an instant: `2h 5m`, or `permanent` for null. */
  readonly remaining: (endsAt: unknown) => string;
  /** The same in a sentence: `for 2h 5m`, or `for ever`. */
  readonly stillFor: (endsAt: unknown) => string;
  /** An instant in UTC; `-` for none. */
  readonly when: (at: unknown) => string;
}

/** @param now milliseconds since the epoch */
export function timesAt(now: number): Times {
  const remaining = (endsAt: unknown): string =>
    formatDuration(typeof endsAt === 'number' ? (endsAt - now) / 1_000 : null);
  return {
    remaining,
    stillFor: (endsAt) => (typeof endsAt === 'number' ? `for ${remaining(endsAt)}` : 'for ever'),
    when: (at) => (typeof at === 'number' ? formatInstant(at) : '-'),
  };
}
