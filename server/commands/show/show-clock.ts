import { formatDuration } from '../../../shared/duration.ts';
import { formatInstant } from '../../../shared/instant.ts';
import type { Answer } from '../ask.ts';

/** What `clock` says. */
export function showClock(clock: Answer): string {
  return clockLines(clock)[0] ?? 'the clock of this host is believed';
}

/** Nothing as long as the clock of the host is believed. */
export function clockLines({ kind, hostAt, trustedAt, forSeconds, believedInSeconds }: Answer): string[] {
  if (kind !== 'disputed') return [];
  const times = `it says ${instant(hostAt)} UTC for ${formatDuration(Number(forSeconds))}, taken is ${instant(trustedAt)} UTC`;
  const then =
    typeof believedInSeconds === 'number' ? `in ${formatDuration(believedInSeconds)}, or at once with` : 'only with';
  return [
    `clock: NOT BELIEVED: ${times}; bans end by the latter; it is believed ${then}: fail2networkban-server clock --believe`,
  ];
}

function instant(at: unknown): string {
  return formatInstant(Number(at));
}
