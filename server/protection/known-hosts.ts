import { covers, type Network } from '../../shared/network.ts';
import type { ClockJump } from '../../shared/trusted-clock.ts';
import type { Client, HostAddress } from '../ledger/ledger.ts';
import { AddressIndex } from './address-index.ts';

/** Addresses of one host that are remembered: the newest. Those that it is connected from are known besides. */
export const addressesPerHostMax = 4;
/** How far what is written down of an address may be behind, at most. */
const savedMaxAgeMs = 3_600_000;
/** Pause between two writes about one host that only comes and goes. */
const savePauseMs = 60_000;
/** For how long a host that came from a banned address, and is gone, is still spoken of. */
const doubtfulMs = 3_600_000;

/** A host came from an address. Instants are milliseconds since the epoch. */
export interface Coming {
  readonly client: string;
  readonly keyId: string;
  readonly address: Network;
  readonly now: number;
}

/** Where a host was or is. */
interface Place {
  keyId: string;
  seenAt: number;
  connections: number;
  /** `seenAt` as it was written down. */
  savedAt: number;
}

/** A host at an address whose ban was in force before it came from there: the ban stays. */
export interface DoubtfulHost {
  readonly client: string;
  readonly address: Network;
  /** The ban that is in force. */
  readonly ban: Network;
  readonly connected: boolean;
}

export interface KnownHostsOptions {
  readonly known: ReadonlyMap<string, readonly HostAddress[]>;
  readonly clientOf: (name: string) => Client | undefined;
  /** The ban that keeps an address out now, if one does. */
  readonly bannedBy: (address: Network) => Network | undefined;
  /** How long an address is remembered after its host left, milliseconds; 0: not at all. */
  readonly rememberMs: number;
  /** An address has become a host's, or is no longer. */
  readonly onChange: (address: Network) => void;
  /** What is known of a host should be written down. */
  readonly save: (client: string) => void;
  readonly onDoubt: (host: DoubtfulHost) => void;
}

/**
 * By which addresses hosts are known: there they are connected, or were within the time to remember. A ban of such an address
 * is held back, because it would cut the host off from its server.
 *
 * ```
 *   host comes from          no ban in force there   a ban in force there
 *   a known address          known                   known (the ban is held back anyway)
 *   a new address            known                   doubtful: the ban stays, the operator is told
 *   … and that ban ends      known                   known, if it is still connected
 * ```
 *
 * A key must be no shield: a thief who comes from where he is banned does not lift his ban by that. An address ends with
 * the client, with the key that proved it, and where `from` no longer covers it.
 */
export class KnownHosts {
  readonly #options: KnownHostsOptions;
  readonly #places = new Map<string, Map<Network, Place>>();
  /** Whose the addresses are. */
  readonly index = new AddressIndex();
  readonly #doubtful = new Map<string, Map<Network, Place>>();
  #rememberMs: number;

  constructor(options: KnownHostsOptions) {
    this.#options = options;
    this.#rememberMs = options.rememberMs;
    for (const [client, addresses] of options.known)
      for (const { address, keyId, seenAt } of addresses)
        this.#put(client, address, { keyId, seenAt, connections: 0, savedAt: seenAt });
  }

  /** The configuration was read again. {@link review} does what follows. */
  configure(rememberMs: number): void {
    this.#rememberMs = rememberMs;
  }

  /** A connection was made. */
  came(coming: Coming): void {
    this.#note(coming, 1);
  }

  /** A request was made, by a client that keeps no connection. */
  asked(coming: Coming): void {
    this.#note(coming, 0);
  }

  /** A connection ended. */
  left({ client, address, now }: Omit<Coming, 'keyId'>): void {
    const place = this.#places.get(client)?.get(address) ?? this.#doubtful.get(client)?.get(address);
    if (place === undefined) return;
    place.connections = Math.max(0, place.connections - 1);
    place.seenAt = now;
    if (this.#isOver(client, address, now)) this.#forget(client, address);
    else if (now - place.savedAt >= savePauseMs) this.#save(client);
  }

  /** Forgets what has run out, takes in doubtful hosts whose ban has ended, and writes down what is long behind. */
  review(now: number): void {
    for (const [client, places] of this.#places) {
      for (const address of places.keys()) if (this.#isOver(client, address, now)) this.#forget(client, address);
      if ([...places.values()].some((place) => this.#isBehind(place, now))) this.#refresh(client, now);
    }
    for (const [client, places] of this.#doubtful)
      for (const [address, place] of places) this.#reviewDoubt({ client, address, now, keyId: place.keyId }, place);
  }

  /** The time jumps: who was seen since it was disputed was seen so much later. */
  move({ since, byMs }: ClockJump): void {
    for (const places of [...this.#places.values(), ...this.#doubtful.values()])
      for (const place of places.values()) if (place.seenAt >= since) place.seenAt += byMs;
  }

  /** A client was revoked: its addresses are nobody's any more, at once. */
  revoke(client: string): void {
    this.#doubtful.delete(client);
    for (const address of [...(this.#places.get(client)?.keys() ?? [])]) this.#forget(client, address);
  }

  /** The addresses of one host, oldest first. */
  of(client: string): HostAddress[] {
    const places = [...(this.#places.get(client) ?? [])];
    return places
      .map(([address, { keyId, seenAt }]) => ({ address, keyId, seenAt }))
      .sort((a, b) => a.seenAt - b.seenAt);
  }

  /** Hosts at addresses whose ban stays in force. */
  get doubtful(): DoubtfulHost[] {
    return [...this.#doubtful].flatMap(([client, places]) =>
      [...places].flatMap(([address, { connections }]) => {
        const ban = this.#options.bannedBy(address);
        return ban === undefined ? [] : [{ client, address, ban, connected: connections > 0 }];
      }),
    );
  }

  #note(coming: Coming, connections: 0 | 1): void {
    const { client, keyId, address, now } = coming;
    const place = this.#places.get(client)?.get(address);
    if (place !== undefined) {
      Object.assign(place, { keyId, seenAt: now, connections: place.connections + connections });
      if (this.#isBehind(place, now)) this.#save(client);
      return;
    }
    const ban = this.#options.bannedBy(address);
    if (ban === undefined) this.#learn(coming, this.#takeDoubt(client, address) + connections);
    else this.#doubt(coming, ban, connections);
  }

  #learn({ client, keyId, address, now }: Coming, connections: number): void {
    if (this.#rememberMs === 0 && connections === 0) return;
    this.#put(client, address, { keyId, seenAt: now, connections, savedAt: Number.NEGATIVE_INFINITY });
    this.#dropOldest(client);
    this.#save(client);
    this.#options.onChange(address);
  }

  #doubt({ client, keyId, address, now }: Coming, ban: Network, connections: number): void {
    const places = this.#doubtful.get(client) ?? new Map<Network, Place>();
    const before = places.get(address)?.connections;
    places.set(address, { keyId, seenAt: now, connections: (before ?? 0) + connections, savedAt: now });
    const [oldest] = [...places].filter(([, place]) => place.connections === 0).map(([each]) => each);
    if (places.size > addressesPerHostMax && oldest !== undefined) places.delete(oldest);
    this.#doubtful.set(client, places);
    if (before === undefined) this.#options.onDoubt({ client, address, ban, connected: connections > 0 });
  }

  #reviewDoubt(coming: Coming, { connections, seenAt }: Place): void {
    const { client, address, now } = coming;
    const isBanned = this.#options.bannedBy(address) !== undefined;
    if (isBanned && (connections > 0 || now - seenAt < doubtfulMs)) return;
    this.#takeDoubt(client, address);
    if (!isBanned && connections > 0) this.#learn(coming, connections);
  }

  /** @returns how many connections of the host there are from the address */
  #takeDoubt(client: string, address: Network): number {
    const places = this.#doubtful.get(client);
    const connections = places?.get(address)?.connections ?? 0;
    places?.delete(address);
    if (places?.size === 0) this.#doubtful.delete(client);
    return connections;
  }

  #put(client: string, address: Network, place: Place): void {
    const places = this.#places.get(client) ?? new Map<Network, Place>();
    this.#places.set(client, places.set(address, place));
    this.index.add(address, client);
  }

  #dropOldest(client: string): void {
    const places = this.#places.get(client) ?? new Map<Network, Place>();
    const away = [...places].filter(([, { connections }]) => connections === 0);
    away.sort(([, a], [, b]) => a.seenAt - b.seenAt);
    for (const [address] of away.slice(0, Math.max(0, places.size - addressesPerHostMax)))
      this.#remove(client, address);
  }

  #forget(client: string, address: Network): void {
    this.#remove(client, address);
    this.#save(client);
  }

  #remove(client: string, address: Network): void {
    const places = this.#places.get(client);
    places?.delete(address);
    if (places?.size === 0) this.#places.delete(client);
    if (this.index.delete(address, client)) this.#options.onChange(address);
  }

  #isOver(name: string, address: Network, now: number): boolean {
    const place = this.#places.get(name)?.get(address);
    if (place === undefined) return false;
    const client = this.#options.clientOf(name);
    if (client === undefined || !isFrom(client, address)) return true;
    if (!client.keys.some(({ id, endsAt }) => id === place.keyId && endsAt > now)) return true;
    return place.connections === 0 && place.seenAt + this.#rememberMs <= now;
  }

  #isBehind({ seenAt, connections, savedAt }: Place, now: number): boolean {
    const newest = connections > 0 ? now : seenAt;
    return newest - savedAt >= Math.min(savedMaxAgeMs, Math.max(savePauseMs, this.#rememberMs / 4));
  }

  #refresh(client: string, now: number): void {
    for (const place of this.#places.get(client)?.values() ?? []) if (place.connections > 0) place.seenAt = now;
    this.#save(client);
  }

  #save(client: string): void {
    for (const place of this.#places.get(client)?.values() ?? []) place.savedAt = place.seenAt;
    this.#options.save(client);
  }
}

/** Whether a client may come from an address: from everywhere unless it is bound to networks. */
export function isFrom({ from }: Pick<Client, 'from'>, address: Network | undefined): boolean {
  return from.length === 0 || (address !== undefined && from.some((network) => covers(network, address)));
}
