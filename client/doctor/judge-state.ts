import type { Said } from '../../shared/finding.ts';

/** What a folder of the agent's state says of itself. */
export interface StateFacts {
  /** Lines of its log of damage. */
  readonly damage: readonly string[];
  /** Where that log is. */
  readonly file: string;
}

/** Whether what the agent has noted on disk was found damaged. */
export function judgeState({ damage, file }: StateFacts): readonly Said[] {
  return damage.map((line) => ({
    level: 'warning',
    code: 'state-damaged',
    fact: line,
    consequence: 'the jails were compared with the servers; a ban or unban by hand of that time may be missing',
    command: `fail2networkban bans, then rm ${file}`,
  }));
}
