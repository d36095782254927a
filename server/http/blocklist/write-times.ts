import type { LineBytes } from './line-bytes.ts';

const [minuteSeconds, daySeconds] = [60, 86_400];
/** Written beforehand: a hundred thousand times stand in one list. */
const shortSeconds = Array.from({ length: minuteSeconds }, (_, second) => `${second}s`);
const [shortMinutes, clockMinutes] = [
  minutesOfDay((hours, minutes) => `${hours}h${minutes}m`),
  minutesOfDay((hours, minutes) => `${padded(hours)}:${padded(minutes)}:`),
];

/** Writes spans of whole seconds as nft and RouterOS read and show them, as `1d2h3m4s`. Most have as many days as the one before. */
export function spanWriter(): (to: LineBytes, seconds: number) => void {
  const daysOf = lastKept((days) => `${days}d`);
  return (to, seconds) => {
    const days = Math.floor(seconds / daySeconds);
    const inDay = seconds - days * daySeconds;
    const minutes = Math.floor(inDay / minuteSeconds);
    to.text(daysOf(days));
    to.text(shortMinutes[minutes] ?? '');
    to.text(shortSeconds[inDay - minutes * minuteSeconds] ?? '');
  };
}

/** Writes instants (milliseconds since the epoch) as `2026-01-31T08:05:00Z`. Most are of the day of the one before. */
export function instantWriter(): (to: LineBytes, at: number) => void {
  const dateOf = lastKept((day) => Buffer.from(new Date(day * daySeconds * 1_000).toISOString().slice(0, 11)));
  return (to, at) => {
    const seconds = Math.floor(at / 1_000);
    const day = Math.floor(seconds / daySeconds);
    const inDay = seconds - day * daySeconds;
    const minutes = Math.floor(inDay / minuteSeconds);
    to.put(dateOf(day));
    to.text(clockMinutes[minutes] ?? '');
    to.digits(inDay - minutes * minuteSeconds, 2);
    to.text('Z');
  };
}

/** The answer for the value that came last; most have the same as the one before. */
function lastKept<Found>(find: (value: number) => Found): (value: number) => Found {
  let last = { value: 0, found: find(0) };
  return (value) => {
    if (value !== last.value) last = { value, found: find(value) };
    return last.found;
  };
}

function minutesOfDay(write: (hours: number, minutes: number) => string): readonly string[] {
  return Array.from({ length: 24 * 60 }, (_, minutes) => write(Math.floor(minutes / 60), minutes % 60));
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
