import { EnforcerError } from '../../../shared/errors.ts';
import { type Owner, ownerIdPattern } from '../owner.ts';

/** Bytes of a comment that nft keeps, less some room. */
const commentMaxCharacters = 100;

const chainPrefix = 'owner_';

/**
 * A table is marked by a chain `owner_<id>` without a hook, whose only rule has the owner's place as its comment. Kernels before
 * 5.10 keep no comment of a table or a chain.
 */
export function chainOf({ id }: Owner): string {
  return `${chainPrefix}${id}`;
}

/** The id of the owner that a chain of this name stands for; undefined for any other chain. */
export function ownerIdOf(chain: string): string | undefined {
  const id = chain.startsWith(chainPrefix) ? chain.slice(chainPrefix.length) : '';
  return ownerIdPattern.test(id) ? id : undefined;
}

/** What an nft script may hold of a place. */
export function commentOf({ place }: Owner): string {
  return place.replace(/[^\x20-\x7e]|["\\]/g, '_').slice(-commentMaxCharacters);
}

/** Lines that mark a table. */
export function markLines(table: string, owner: Owner): string[] {
  const chain = chainOf(owner);
  return [
    `add chain ${table} ${chain}`,
    `flush chain ${table} ${chain}`,
    `add rule ${table} ${chain} return comment "${commentOf(owner)}"`,
  ];
}

/** Lines that take the mark of a former owner away, which must be there. */
export function unmarkLines(table: string, ids: Iterable<string>): string[] {
  return Array.from(ids, (id) => `${chainPrefix}${id}`).flatMap((chain) => [
    `flush chain ${table} ${chain}`,
    `delete chain ${table} ${chain}`,
  ]);
}

/**
 * Looks whether a table may be changed.
 *
 * | mark | then |
 * | --- | --- |
 * | none, one's own | it may: agents of before marked nothing |
 * | another id with one's own place | once: the state was made anew; later another agent has taken it |
 * | another place | it may not |
 *
 * @param owners places by id, as the table is marked
 * @param wasOurs whether the table had this owner's mark since the agent's start
 * @returns why not, `denied`, with the other owner's name; undefined: it may
 */
export function refuseOwner(
  table: string,
  owners: ReadonlyMap<string, string>,
  { owner, wasOurs }: { readonly owner: Owner; readonly wasOurs: boolean },
): EnforcerError | undefined {
  if (owners.size === 0 || owners.has(owner.id)) return undefined;
  const other = [...owners].find(([, place]) => wasOurs || place !== commentOf(owner));
  if (other === undefined) return undefined;
  const [id, place] = other;
  return new EnforcerError(
    'denied',
    `table ${table} belongs to another agent, that of ${place} (${id}), and is left alone: take enforcer = nftables out of one of the two, or, if the other is gone: fail2networkban nftables remove`,
  );
}
