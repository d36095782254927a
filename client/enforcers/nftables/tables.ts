import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { type Hook, hooks } from './nftables-settings.ts';
import { ownerIdOf } from './owner-mark.ts';
import { networkOf, type PrefixSet, parseSetName } from './prefix-set.ts';
import type { RunNft } from './run-nft.ts';

/** Our table by the hook that it serves, as nft names it. No other table is ever read or changed. */
export const tableOf: Readonly<Record<Hook, string>> = {
  host: 'inet fail2networkban',
  bridge: 'bridge fail2networkban',
};

/** What a table holds. */
export interface TableContent {
  /** By name. */
  readonly sets: Map<string, PrefixSet>;
  /** When each network ends, milliseconds since the epoch by the given clock, to the second; Infinity is permanent. */
  readonly ends: Map<Network, number>;
}

/** One of our tables as the kernel has it. */
export interface HeldTable extends TableContent {
  /** Names of the sets that a rule of it looks into. */
  readonly ruled: ReadonlySet<string>;
  /** Whose mark it has: places by id. */
  readonly owners: ReadonlyMap<string, string>;
}

export type HeldTables = ReadonlyMap<Hook, HeldTable>;

type Item = Readonly<Record<string, unknown>>;

/**
 * Our tables, those that are there.
 *
 * @param now milliseconds since the epoch
 * @throws EnforcerError
 */
export async function readTables(run: RunNft, now: number, signal: AbortSignal): Promise<HeldTables> {
  const present = readItems(await run(['-j', 'list', 'tables'], '', signal), 'table');
  const names = new Set(present.map(({ family, name }) => `${family} ${name}`));
  const held = new Map<Hook, HeldTable>();
  for (const hook of hooks) {
    if (!names.has(tableOf[hook])) continue;
    const text = await run(['-j', 'list', 'table', ...tableOf[hook].split(' ')], '', signal);
    held.set(hook, readTable(text, now));
  }
  return held;
}

/** What the tables hold together: of two ends the later one. */
export function uniteTables(held: HeldTables): TableContent {
  const sets = new Map<string, PrefixSet>();
  const ends = new Map<Network, number>();
  for (const table of held.values()) {
    for (const set of table.sets.values()) sets.set(set.name, set);
    for (const [network, endsAt] of table.ends) ends.set(network, Math.max(endsAt, ends.get(network) ?? endsAt));
  }
  return { sets, ends };
}

function readTable(text: string, now: number): HeldTable {
  const sets = new Map<string, PrefixSet>();
  const ends = new Map<Network, number>();
  for (const { name, elem } of readItems(text, 'set')) {
    const set = parseSetName(String(name));
    if (set === undefined) continue;
    sets.set(set.name, set);
    for (const item of Array.isArray(elem) ? elem : []) readElement(set, item, now, ends);
  }
  const rules = readItems(text, 'rule');
  return { sets, ruled: new Set(rules.map(({ comment }) => String(comment))), owners: readOwners(text, rules), ends };
}

function readOwners(text: string, rules: readonly Item[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { name } of readItems(text, 'chain')) {
    const id = ownerIdOf(String(name));
    const comment = rules.find(({ chain }) => chain === name)?.['comment'];
    if (id !== undefined) owners.set(id, typeof comment === 'string' ? comment : 'an unknown place');
  }
  return owners;
}

/** A permanent element is its address alone, one that ends `{"elem": {"val", "timeout", "expires"}}`, in seconds. */
function readElement(set: PrefixSet, item: unknown, now: number, ends: Map<Network, number>): void {
  const { val, expires } = isObject(item) && isObject(item['elem']) ? item['elem'] : { val: item, expires: undefined };
  const network = typeof val === 'string' ? networkOf(set, val) : undefined;
  if (network === undefined) return;
  ends.set(network, typeof expires === 'number' ? now + expires * 1_000 : Number.POSITIVE_INFINITY);
}

/** The values of one kind out of `{"nftables": [{"set": …}, {"rule": …}]}`, libnftables-json(5). */
function readItems(text: string, kind: 'table' | 'chain' | 'set' | 'rule'): Item[] {
  const all = parseAnswer(text);
  return all.flatMap((entry) => {
    const item = isObject(entry) ? entry[kind] : undefined;
    return isObject(item) ? [item] : [];
  });
}

function parseAnswer(text: string): readonly unknown[] {
  try {
    const answer: unknown = JSON.parse(text);
    if (isObject(answer) && Array.isArray(answer['nftables'])) return answer['nftables'];
  } catch (cause) {
    throw new EnforcerError('retry', 'what nft printed is no JSON', { cause });
  }
  throw new EnforcerError('retry', 'what nft printed has no list "nftables"');
}
