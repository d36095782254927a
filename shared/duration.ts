const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;

export const durationAllowed = 'a duration as 30s, 10m, 2h, 7d, 4w';

/** Seconds of `90`, `30s`, `10m`, `2h`, `7d`, `4w`, or undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^([0-9]{1,10})([smhdw]?)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * (isUnit(unit) ? unitSeconds[unit] : 1);
}

/** The two largest units of a time: `2h 5m`, `permanent` for null. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null) return 'permanent';
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const unit of ['w', 'd', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / unitSeconds[unit]);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * unitSeconds[unit];
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

function isUnit(text: string | undefined): text is keyof typeof unitSeconds {
  return text !== undefined && Object.hasOwn(unitSeconds, text);
}
