import type { DesiredEntry } from '../enforcer.ts';

/**
 * The order in which entries are added: each client's newest, then each one's second newest, and so on; within a round the
 * newest first. So the attacker of this second waits neither behind a backlog nor behind another client's flood.
 */
export function inRounds(entries: readonly DesiredEntry[]): DesiredEntry[] {
  const newestFirst = entries.toSorted((a, b) => b.order - a.order);
  const counts = new Map<string, number>();
  const rounds: DesiredEntry[][] = [];
  for (const entry of newestFirst) {
    const { client = '' } = entry;
    const round = counts.get(client) ?? 0;
    counts.set(client, round + 1);
    const others = rounds[round];
    if (others === undefined) rounds.push([entry]);
    else others.push(entry);
  }
  return counts.size <= 1 ? newestFirst : rounds.flat();
}
