import { operatorName } from '../../shared/names.ts';
import type { HistoryEntry } from './ledger.ts';

/** Whose share an entry takes that the operator or this server made; they come first. No client has this name. */
export const ownHolder = '';

/** Who acts when a time runs out. */
const ownActors: readonly string[] = [operatorName, 'server'];

/** Whose share of history an entry takes: that of the reporting client, whoever ended the report; else of whoever acted. */
export function holderOf({ kind, client, actor }: Pick<HistoryEntry, 'kind' | 'client' | 'actor'>): string {
  if (kind === 'reported' || kind === 'withdrawn') return client === operatorName ? ownHolder : (client ?? ownHolder);
  return ownActors.includes(actor) ? ownHolder : actor;
}

/** {@link holderOf} for a row of `history`, where an actor of NULL is the client. */
export const holderColumn =
  `CASE WHEN kind IN ('reported', 'withdrawn') THEN iif(client = '${operatorName}', '${ownHolder}', client) ` +
  `ELSE iif(ifnull(actor, client) IN (${ownActors.map((name) => `'${name}'`).join(', ')}), '${ownHolder}', ifnull(actor, client)) END`;

/**
 * How many entries each holder gives up, its oldest, so that at most `most` remain. First come the operator and the server;
 * of what they leave everybody keeps as many as everybody else, or all it has: whoever holds most gives way first.
 *
 * ```
 *   most 10      own 2    web1 3    web2 4    web3 90
 *   keep              2        3        3         2     (level 2, and the one left over to the first by name that wants it)
 * ```
 */
export function cutsOf(counts: ReadonlyMap<string, number>, most: number): Map<string, number> {
  const own = counts.get(ownHolder) ?? 0;
  const others = [...counts].filter(([holder]) => holder !== ownHolder);
  const cuts = new Map<string, number>([[ownHolder, Math.max(0, own - most)]]);
  let { level, left } = levelOf(
    others.map(([, count]) => count),
    Math.max(0, most - own),
  );
  for (const [holder, count] of others.sort(byName)) {
    const kept = Math.min(count, level + Number(left > 0));
    if (kept > level) left -= 1;
    cuts.set(holder, count - kept);
  }
  return new Map([...cuts].filter(([, count]) => count > 0));
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

/** The height to which all these can be filled with so much, and what is left over, which is less than one for each of the rest. */
function levelOf(counts: readonly number[], room: number): { level: number; left: number } {
  let left = room;
  let level = 0;
  let waiting = counts.length;
  for (const count of [...counts].sort((a, b) => a - b)) {
    const rise = count - level;
    if (rise * waiting > left) return { level: level + Math.floor(left / waiting), left: left % waiting };
    left -= rise * waiting;
    level = count;
    waiting -= 1;
  }
  return { level, left: 0 };
}
