/**
 * - `broken`: bans do not take effect, or an administrator is about to be locked out
 * - `warning`: something will fail, or does in part
 * - `note`: nothing is wrong, but it should be known; also what the token may not read by the administrator's choice
 */
export type Level = 'broken' | 'warning' | 'note';
export const levels: readonly Level[] = ['broken', 'warning', 'note'];

/** One thing that the doctor has to say. */
export interface Finding {
  readonly level: Level;
  /** Stable: programs may match on it. */
  readonly code: string;
  /** What it is about: `certificate`, `proxmox/main`. */
  readonly subject: string;
  readonly fact: string;
  readonly consequence: string;
  /** What to run, or what to do where no command does it. */
  readonly command: string;
}

/** Items as they stand in a sentence: the first ten, and how many more there are. */
export function enumerate(items: readonly string[]): string {
  const shown = items.slice(0, shownMax).join(', ');
  return items.length > shownMax ? `${shown} and ${items.length - shownMax} more` : shown;
}

const shownMax = 10;
