import type { Clock } from '../../shared/clock.ts';
import { limits } from '../../shared/limits.ts';
import type { Network } from '../../shared/network.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import type { Clients } from '../clients.ts';
import { type Change, ignoreipSource, type ProtectedSet } from '../ledger/ledger.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProtectedAddresses } from '../policy/protected-addresses.ts';

/** Least pause between two changes of what one host offers: each may have all bans looked at again. */
export const offerPauseMs = 60_000;
/** What a host offers no more goes with an offer that lacks it this long after the first one did. */
export const lackedMs = 240_000;

/** What one host offers. */
export interface HostOffer {
  readonly networks: readonly Network[];
  /** Those that no ban can be of, so that they are not taken. */
  readonly leftOut: readonly { readonly network: Network; readonly code: RefusalCode }[];
  /** Whether the networks are protected. */
  readonly isProtected: boolean;
}

export interface HostOffersOptions {
  /** What the ledger holds. */
  readonly sets: readonly ProtectedSet[];
  readonly isTrusted: boolean;
  readonly addresses: ProtectedAddresses;
  readonly policy: Policy;
  readonly clients: Clients;
  readonly clock: Clock;
  /** Writes down what a client offers. @returns whether that is durable, or the client is gone */
  readonly save: (client: string, set: ProtectedSet) => Promise<boolean>;
  /** These networks are protected now and were not before, or the other way round. */
  readonly onChange: (networks: readonly Network[]) => void;
}

interface Offer {
  /** Since when the host's offers lack each, by the clock's `elapsed`; undefined: the last one has it. */
  readonly networks: Map<Network, number | undefined>;
  /** The newest, until it is taken in. */
  next: readonly Network[] | undefined;
  /** By the clock's `elapsed`. */
  takenAtMs: number;
  isSaved: boolean;
  protects: ReadonlySet<Network>;
}

/**
 * What hosts name in `ignoreip` of their jails. It is kept and shown always, and protected only when the operator trusts it:
 * a host could shield anybody.
 *
 * ```
 *   an offer       names it     lacks it
 *   not offered    offered      –
 *   offered        offered      offered still: a fail2ban that starts has not all of its jails yet
 *   … and minutes later         no longer
 * ```
 */
export class HostOffers {
  readonly #options: HostOffersOptions;
  readonly #offers = new Map<string, Offer>();
  /** Clients with an offer to take in or to write down. */
  readonly #waiting = new Set<string>();
  #isTrusted: boolean;

  constructor(options: HostOffersOptions) {
    this.#options = options;
    this.#isTrusted = options.isTrusted;
    const kept = new Map(options.sets.map(({ source, networks }) => [source, networks]));
    for (const { name } of options.clients.list()) {
      const networks = kept.get(ignoreipSource(name));
      if (networks !== undefined) this.#offers.set(name, newOffer(networks));
    }
    for (const client of this.#offers.keys()) this.#publish(client);
  }

  /** The configuration was read again: the bans have to be looked at again. */
  configure(isTrusted: boolean): void {
    this.#isTrusted = isTrusted;
    for (const client of this.#offers.keys()) this.#publish(client);
  }

  /** Notes an offer, which takes the place of the one before; {@link review} takes it in. */
  note(client: string, networks: readonly Network[]): void {
    const offer = this.#offers.get(client) ?? newOffer([]);
    offer.next = networks;
    this.#offers.set(client, offer);
    this.#waiting.add(client);
  }

  /** Takes in and writes down what is due. Each second. */
  review(): void {
    const changed = [...this.#waiting].flatMap((client) => this.#review(client));
    if (changed.length > 0) this.#options.onChange(changed);
  }

  /** Takes in what was committed; the clients know it already. */
  apply(changes: readonly Change[]): void {
    const changed = changes.flatMap((change) => {
      if (change.kind === 'revoked') return this.#revoke(change.client);
      return change.kind === 'enrolled' ? this.#publish(change.client.name) : [];
    });
    if (changed.length > 0) this.#options.onChange(changed);
  }

  of(client: string): HostOffer {
    const offered = [...(this.#offers.get(client)?.networks.keys() ?? [])].sort();
    const judged = offered.map((network) => ({ network, code: this.#options.policy.refuseKind(network)?.code }));
    return {
      networks: judged.filter(({ code }) => code === undefined).map(({ network }) => network),
      leftOut: judged.flatMap(({ network, code }) => (code === undefined ? [] : [{ network, code }])),
      isProtected: this.#mayProtect(client),
    };
  }

  #review(client: string): readonly Network[] {
    const offer = this.#offers.get(client);
    if (offer === undefined) {
      this.#waiting.delete(client);
      return [];
    }
    const nowMs = this.#options.clock.elapsed();
    const isDue = offer.next !== undefined && nowMs - offer.takenAtMs >= offerPauseMs;
    const isChanged = isDue && takeIn(offer, nowMs);
    if (isChanged) offer.isSaved = false;
    if (offer.next === undefined) this.#waiting.delete(client);
    if (!offer.isSaved) void this.#save(client, offer);
    return isChanged ? this.#publish(client) : [];
  }

  /** @returns what is protected now and was not before, or the other way round */
  #publish(client: string): readonly Network[] {
    const offer = this.#offers.get(client);
    if (offer === undefined) return [];
    const { networks } = this.#mayProtect(client) ? this.of(client) : { networks: [] };
    const before = offer.protects;
    const after = new Set(networks);
    offer.protects = after;
    this.#options.addresses.replace(`ignoreip of host ${client}`, networks);
    return [...before, ...after].filter((network) => before.has(network) !== after.has(network));
  }

  /** Whoever may ban nothing has no jails either. */
  #mayProtect(client: string): boolean {
    return this.#isTrusted && this.#options.clients.get(client)?.may.includes('ban') === true;
  }

  #revoke(client: string): readonly Network[] {
    this.#offers.get(client)?.networks.clear();
    const changed = this.#publish(client);
    this.#offers.delete(client);
    return changed;
  }

  async #save(client: string, offer: Offer): Promise<void> {
    offer.isSaved = true;
    const set = { source: ignoreipSource(client), networks: [...offer.networks.keys()] };
    if (await this.#options.save(client, set)) return;
    offer.isSaved = false;
    this.#waiting.add(client);
  }
}

function newOffer(networks: readonly Network[]): Offer {
  return {
    networks: new Map(networks.map((network) => [network, undefined])),
    next: undefined,
    takenAtMs: Number.NEGATIVE_INFINITY,
    isSaved: true,
    protects: new Set(),
  };
}

/** @returns whether other networks are offered now */
function takeIn(offer: Offer, nowMs: number): boolean {
  const { networks } = offer;
  const before = new Set(networks.keys());
  const named = new Set(offer.next);
  offer.next = undefined;
  offer.takenAtMs = nowMs;
  for (const [network, lackedAtMs] of networks) {
    if (lackedAtMs === undefined) networks.set(network, nowMs);
    else if (nowMs - lackedAtMs >= lackedMs) networks.delete(network);
  }
  for (const network of named) networks.set(network, undefined);
  dropLacked(networks);
  return networks.size !== before.size || [...networks.keys()].some((network) => !before.has(network));
}

/** A host that names others each time holds no more than one that names as many as it may. */
function dropLacked(networks: Map<Network, number | undefined>): void {
  const excess = networks.size - limits.ignoreipMax;
  if (excess <= 0) return;
  const lacked = [...networks].filter(([, lackedAtMs]) => lackedAtMs !== undefined);
  lacked.sort(([, a = 0], [, b = 0]) => a - b);
  for (const [network] of lacked.slice(0, excess)) networks.delete(network);
}
