import type { DesiredEntry, HeldEntry, Step } from '../enforcer.ts';
import type { HeldEntries } from '../held-entries.ts';
import { familyOf, type Network, networkFrom, rangeOf } from '../network.ts';
import { Refusals, type RefusedNetwork } from './refusals.ts';

/** At so many lists in a row must a network be missing that was added before each of them: one may be a hand edit. */
const missingLists = 2;

/**
 * What a firewall does not block although it should, or does not let go: it rejected the step, or it says each time that it added the
 * network, and does not hold it at the next list. An answer is no proof: only a list is. A refusal counts until a list or a step shows
 * otherwise, so that a firewall which refuses never looks in sync between a list and the next try.
 */
export class RefusedNetworks {
  /** By network. */
  readonly #additions = new Refusals();
  /** By spelling. */
  readonly #removals = new Refusals();
  /** Added since the last list, as the firewall says. */
  readonly #added = new Set<Network>();
  /** At how many lists in a row what was added was missing. */
  #missing = new Map<Network, number>();

  /** Networks that are not to be added again before the next list. */
  get notNow(): ReadonlySet<Network> {
    return this.#additions.waiting;
  }

  /** Whether an entry may be removed before the next list. */
  mayRemove({ spelling }: HeldEntry): boolean {
    return !this.#removals.isWaiting(spelling);
  }

  reject({ verb, entry }: Step, said: string): void {
    const { network } = entry;
    if (verb === 'add') this.#additions.add(network, { network, reason: `the firewall does not take it: ${said}` });
    else this.#removals.add(entry.spelling, { network, reason: `the firewall does not let it go: ${said}` });
  }

  /** The firewall says that it has done this. */
  noteDone({ verb, entry }: Step): void {
    if (verb === 'add') {
      this.#added.add(entry.network);
      this.#additions.delete(entry.network);
      return;
    }
    this.#added.delete(entry.network);
    this.#missing.delete(entry.network);
    this.#removals.delete(entry.spelling);
  }

  /** Holds what was added against a new list; what was refused may be tried again. */
  noteListed(held: HeldEntries): void {
    const missing = [...this.#added].filter((network) => held.holderOf(network) === undefined);
    this.#missing = new Map(missing.map((network) => [network, (this.#missing.get(network) ?? 0) + 1]));
    this.#added.clear();
    this.#additions.keep(({ network }) => held.holderOf(network) === undefined);
    this.#removals.keep(({ network }, key) => held.holdersOf(network).some(({ spelling }) => spelling === key));
    this.#additions.allDue();
    this.#removals.allDue();
  }

  /** Forgets what nobody wants any more: additions of what is not desired, removals of what is. */
  notePlanned(desired: ReadonlyMap<Network, DesiredEntry>): void {
    this.#additions.keep(({ network }) => desired.has(network));
    this.#removals.keep(({ network }) => !desired.has(network));
    for (const network of this.#missing.keys()) if (!desired.has(network)) this.#missing.delete(network);
  }

  /** Why the firewall does not block a network, or a wider one around it; undefined: nothing is known against it. */
  reasonOf(network: Network): string | undefined {
    if (this.#additions.size + this.#missing.size === 0) return undefined;
    const family = familyOf(network);
    const { first, prefixLength } = rangeOf(network);
    for (let length = prefixLength; length > 0; length -= 1) {
      const reason = this.#reasonOf(networkFrom(family, first, length));
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** Whether an entry of ours is only said to be there: no list has shown it. */
  isDoubtful({ network, owner }: HeldEntry): boolean {
    return owner === 'ours' && this.#reasonOf(network) !== undefined;
  }

  /** Why the firewall does not let an entry go; undefined: nothing is known against it. */
  reasonToKeep({ spelling }: HeldEntry): string | undefined {
    return this.#removals.reasonOf(spelling);
  }

  /** What it does not block although it should. */
  get notBlocked(): readonly RefusedNetwork[] {
    return [...this.#additions.all.map(({ network }) => network), ...this.#missing.keys()].flatMap((network) => {
      const reason = this.#reasonOf(network);
      return reason === undefined ? [] : { network, reason };
    });
  }

  /** What it still blocks although it should not. */
  get notFreed(): readonly RefusedNetwork[] {
    return this.#removals.all;
  }

  #reasonOf(network: Network): string | undefined {
    const rejection = this.#additions.reasonOf(network);
    if (rejection !== undefined) return rejection;
    const lists = this.#missing.get(network) ?? 0;
    if (lists < missingLists) return undefined;
    return `added before each of the last ${lists} comparisons, and not there: the firewall does not keep it, or something takes it away`;
  }
}
