import type { LineBytes } from './line-bytes.ts';

const [minuteSeconds, daySeconds] = [60, 86_400];
/** Written beforehand: a hundred thousand spans stand in one list. */
const minutesOfDay = Array.from({ length: 24 * 60 }, (_, minutes) => `${Math.floor(minutes / 60)}h${minutes % 60}m`);

/** Writes a span of whole seconds as nft and RouterOS read and show it, as `1d2h3m4s`. */
export function writeSpan(to: LineBytes, seconds: number): void {
  const days = Math.floor(seconds / daySeconds);
  const inDay = seconds - days * daySeconds;
  const minutes = Math.floor(inDay / minuteSeconds);
  to.number(days);
  to.text('d');
  to.text(minutesOfDay[minutes] ?? '');
  to.number(inDay - minutes * minuteSeconds);
  to.text('s');
}

/** Writes instants (milliseconds since the epoch) as `2026-01-31T08:05:00Z`. Most are of few days. */
export function instantWriter(): (to: LineBytes, at: number) => void {
  const dates = new Map<number, string>();
  return (to, at) => {
    const seconds = Math.floor(at / 1_000);
    const day = Math.floor(seconds / daySeconds);
    const inDay = seconds - day * daySeconds;
    const minutes = Math.floor(inDay / minuteSeconds);
    const hours = Math.floor(minutes / 60);
    const date = dates.get(day) ?? new Date(day * daySeconds * 1_000).toISOString().slice(0, 11);
    dates.set(day, date);
    to.text(date);
    to.digits(hours, 2);
    to.text(':');
    to.digits(minutes - hours * 60, 2);
    to.text(':');
    to.digits(inDay - minutes * minuteSeconds, 2);
    to.text('Z');
  };
}
