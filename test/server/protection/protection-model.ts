import { embeddedIpv4 } from '../../../shared/network/embedded-ipv4.ts';
import { covers, type Network } from '../../../shared/network.ts';

/** Where a host is or was. */
interface Place {
  readonly client: string;
  readonly address: Network;
  connections: number;
  seenAt: number;
}

/** The plain model that the server is held to: everything is looked at anew each time. */
export class ProtectionModel {
  readonly bans = new Map<Network, { readonly evenHost: boolean }>();
  /** Undefined: never read. */
  readonly sources = new Map<string, readonly Network[] | undefined>();
  now: number;
  #known: Place[] = [];
  #doubtful: Place[] = [];
  #firewall = new Set<Network>();
  #stoodAtStart = new Set<Network>();
  readonly #rememberMs: number;

  constructor(sources: readonly string[], { rememberMs, now }: { readonly rememberMs: number; readonly now: number }) {
    for (const name of sources) this.sources.set(name, undefined);
    this.#rememberMs = rememberMs;
    this.now = now;
  }

  isProtected(network: Network): boolean {
    return [...this.sources.values()].some((networks) => networks?.some((each) => touches(network, each)) === true);
  }

  connect(client: string, address: Network): void {
    const place = this.#find(client, address) ?? { client, address, connections: 0, seenAt: this.now };
    place.connections += 1;
    place.seenAt = this.now;
    if (this.#known.includes(place) || this.#doubtful.includes(place)) return;
    (this.#isShutOut(address) ? this.#doubtful : this.#known).push(place);
  }

  leave(client: string, address: Network): void {
    const place = this.#find(client, address);
    if (place !== undefined) Object.assign(place, { connections: place.connections - 1, seenAt: this.now });
  }

  revoke(client: string): void {
    this.#known = this.#known.filter((place) => place.client !== client);
    this.#doubtful = this.#doubtful.filter((place) => place.client !== client);
  }

  /** Killed and started again: nobody is connected. */
  restart(): void {
    for (const place of this.#known) place.connections = 0;
    this.#doubtful = [];
    this.#stoodAtStart = new Set(this.bans.keys());
  }

  /** What the firewall must hold by now. */
  settle(): ReadonlySet<Network> {
    for (const place of this.#known) if (place.connections > 0) place.seenAt = this.now;
    this.#known = this.#known.filter(({ seenAt }) => seenAt + this.#rememberMs > this.now);
    while (this.#takeDoubtful());
    const isUnread = [...this.sources.values()].includes(undefined);
    const wanted = [...this.bans.keys()].filter((network) => this.#isWanted(network));
    const all = isUnread ? wanted.filter((network) => this.#stoodAtStart.has(network)) : wanted;
    const whole = all.filter((network) => !all.some((wider) => wider !== network && covers(wider, network)));
    this.#firewall = new Set(whole.filter((network) => !isUnread || this.#firewall.has(network)));
    return this.#firewall;
  }

  #find(client: string, address: Network): Place | undefined {
    return [...this.#known, ...this.#doubtful].find((place) => place.client === client && place.address === address);
  }

  /** Hosts whose ban has ended while they were connected. @returns whether there were any */
  #takeDoubtful(): boolean {
    const free = this.#doubtful.filter(({ connections, address }) => connections > 0 && !this.#isShutOut(address));
    this.#known.push(...free);
    this.#doubtful = this.#doubtful.filter((place) => !free.includes(place) && place.connections > 0);
    return free.length > 0;
  }

  #isShutOut(address: Network): boolean {
    return [...this.bans.keys()].some((network) => covers(network, address) && this.#isWanted(network));
  }

  #isWanted(network: Network): boolean {
    if (this.isProtected(network)) return false;
    return !this.#known.some(({ address }) => touches(network, address)) || this.bans.get(network)?.evenHost === true;
  }
}

/** Whether two networks share an address, also as IPv4 inside the first. */
function touches(network: Network, other: Network): boolean {
  return [network, ...embeddedIpv4(network)].some((each) => covers(each, other) || covers(other, each));
}
