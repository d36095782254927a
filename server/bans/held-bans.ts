import { embeddedIpv4, findThrough } from '../../shared/network/embedded-ipv4.ts';
import type { Network } from '../../shared/network.ts';
import type { Change } from '../ledger/ledger.ts';
import type { Policy } from '../policy/policy.ts';
import { forbidding } from '../policy/whitelist.ts';
import type { AddressIndex } from '../protection/address-index.ts';
import { type HeldBack, liftedBack } from '../protection/held-back.ts';
import type { Ban, StandingBans } from '../standing-bans.ts';

export interface HeldBansOptions {
  readonly standing: StandingBans;
  readonly policy: Policy;
  /** Whose addresses are known. */
  readonly hosts: AddressIndex;
}

/**
 * Which of the standing bans must not be in force, and why. Kept up to date by what changes, so that whoever makes a list
 * looks up one network in a map that is nearly always empty.
 */
export class HeldBans {
  readonly #options: HeldBansOptions;
  #held = new Map<Network, HeldBack>();
  /** Bans of IPv6 networks that carry an IPv4 one: no look-up by that address finds them. */
  readonly #carriers = new Set<Network>();
  /** The operator lifted what stands for these, and the ledger does not say so yet. */
  readonly #liftedForNow = new Set<Network>();
  /** Bans that are committed next may have been decided under the policy of before. */
  #isPolicyNew = false;
  #changes = 0;

  constructor(options: HeldBansOptions) {
    this.#options = options;
    for (const { network } of options.standing.values()) this.#noteCarrier(network);
  }

  get size(): number {
    return this.#held.size;
  }

  /** How often it has changed. */
  get changes(): number {
    return this.#changes;
  }

  get(network: Network): HeldBack | undefined {
    return this.#held.get(network);
  }

  has(network: Network): boolean {
    return this.#held.has(network);
  }

  entries(): IterableIterator<[Network, HeldBack]> {
    return this.#held.entries();
  }

  /**
   * The whitelist, the settings or what is protected changed: the bans are looked at again.
   *
   * @param entries all that has changed, when it is whitelist entries alone: then bans elsewhere are as they were
   * @returns the bans that are held back now and were not before, or the other way round
   */
  check(entries?: readonly Network[]): readonly Network[] {
    this.#isPolicyNew = true;
    const touching = entries === undefined ? undefined : forbidding(entries);
    const before = this.#held;
    const after = new Map<Network, HeldBack>();
    for (const ban of this.#options.standing.values()) {
      const isTouched = touching === undefined || touching(ban.network) !== undefined;
      const why = isTouched ? this.#why(ban) : before.get(ban.network);
      if (why !== undefined) after.set(ban.network, why);
    }
    this.#held = after;
    const released = [...before.keys()].filter((network) => !after.has(network));
    return this.#count([...released, ...[...after.keys()].filter((network) => !before.has(network))]);
  }

  /** The operator lifted what stands for a network; {@link check} has to follow. */
  liftForNow(network: Network): void {
    this.#liftedForNow.add(network);
  }

  /** The ledger says so now; {@link check} has to follow. */
  endLiftForNow(network: Network): void {
    this.#liftedForNow.delete(network);
  }

  /** An address has become a host's, or is no longer. @returns as {@link check} */
  checkAround(address: Network): readonly Network[] {
    const around = this.#options.standing.covering(address).map(({ network }) => network);
    const isInside = forbidding([address]);
    const carriers = [...this.#carriers].filter((network) => isInside(network) !== undefined);
    return this.#count([...new Set([...around, ...carriers])].filter((network) => this.#update(network)));
  }

  /**
   * Takes in what was committed; the standing bans know it already.
   *
   * @param first the sequence number of the first change
   * @returns as {@link check}, without bans that are new
   */
  apply(changes: readonly Change[], first: number): readonly Network[] {
    const isPolicyNew = this.#isPolicyNew;
    this.#isPolicyNew = false;
    const changed = changes.flatMap((change) => {
      if (!('report' in change)) return [];
      const { network } = change.report;
      const isDue = this.#mayBeHeld(network) || isPolicyNew;
      return isDue && this.#update(network) ? [network] : [];
    });
    return this.#count(changed).filter((network) => !this.#isNew(network, first));
  }

  /** Whether a network may be blocked although hosts are in it: they are meant, each by a ban that is in force. */
  isMeant(network: Network): boolean {
    const { hosts, standing } = this.#options;
    if (standing.get(network) !== undefined && !this.#held.has(network)) return true;
    const found = hosts.overlapping(network);
    if (found === undefined) return true;
    const addresses = new Set([found.address, ...hosts.within(network)]);
    return [...addresses].every((address) => standing.covering(address).some((ban) => !this.#held.has(ban.network)));
  }

  /** Why a ban of a network would be held back for the sake of a host. */
  hostIn(network: Network): HeldBack | undefined {
    return findThrough(network, (each) => this.#hostIn(each));
  }

  #hostIn(network: Network): HeldBack | undefined {
    const found = this.#options.hosts.overlapping(network);
    if (found === undefined) return undefined;
    const whose = `address of host ${found.clients.join(', ')}`;
    const detail = found.address === network ? whose : `${found.address} is the ${whose}`;
    return { code: 'host', detail, hosts: found.clients };
  }

  #why(ban: Ban): HeldBack | undefined {
    if (this.#liftedForNow.has(ban.network)) return liftedBack;
    const refusal = this.#options.policy.refuseAddress(ban.network);
    if (refusal !== undefined) return refusal;
    // Looked at last: only bans of hosts' addresses are meant at all.
    const host = this.hostIn(ban.network);
    return host !== undefined && ban.reports.some(({ evenHost }) => evenHost === true) ? undefined : host;
  }

  /** Nearly every ban is of one IPv4 address, and costs a look-up. What else it may be held back for, the policy has just looked at. */
  #mayBeHeld(network: Network): boolean {
    return (
      this.#noteCarrier(network) || this.#held.has(network) || this.#options.hosts.overlapping(network) !== undefined
    );
  }

  /** @returns whether a ban is held back and was not before, or the other way round */
  #update(network: Network): boolean {
    const ban = this.#options.standing.get(network);
    if (ban === undefined) this.#carriers.delete(network);
    const why = ban && this.#why(ban);
    const wasHeld = this.#held.has(network);
    if (why === undefined) this.#held.delete(network);
    else this.#held.set(network, why);
    return wasHeld !== (why !== undefined);
  }

  /** @returns whether it carries an IPv4 network */
  #noteCarrier(network: Network): boolean {
    const isCarrier = embeddedIpv4(network).length > 0;
    if (isCarrier) this.#carriers.add(network);
    return isCarrier;
  }

  #isNew(network: Network, first: number): boolean {
    return this.#options.standing.get(network)?.reports.every(({ sequence = 0 }) => sequence >= first) === true;
  }

  #count(changed: readonly Network[]): readonly Network[] {
    if (changed.length > 0) this.#changes += 1;
    return changed;
  }
}
