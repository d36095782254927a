import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Network } from '../../shared/network.ts';
import { HeldBans } from '../bans/held-bans.ts';
import type { Clients } from '../clients.ts';
import { type Change, LedgerError, type LedgerState, type ProtectedSet, type QuietChange } from '../ledger/ledger.ts';
import type { Losses } from '../ledger/losses.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProtectedAddresses } from '../policy/protected-addresses.ts';
import type { WhitelistNames } from '../policy/whitelist-names.ts';
import type { Record } from '../record.ts';
import type { StandingBans } from '../standing-bans.ts';
import { type HeldBack, lostBack, pausedBack, unreadBack } from './held-back.ts';
import { HostOffers } from './host-offers.ts';
import { type Coming, KnownHosts } from './known-hosts.ts';
import type { ProtectedSource } from './protected-source.ts';
import { ProtectedSources, type SourceState } from './protected-sources.ts';
import { unansweredSources } from './unanswered-names.ts';

/** What the configuration says of protection. */
export interface ProtectionSettings {
  /** How long a host's address is protected after it left, seconds; 0: only while it is connected. */
  readonly rememberHostsSeconds: number;
  /** Sources of what must not be banned that nothing waits for. */
  readonly withoutSources: readonly string[];
  /** Whether what hosts offer by `ignoreip` is protected. */
  readonly isIgnoreipTrusted: boolean;
}

export interface ProtectionOptions {
  readonly settings: ProtectionSettings;
  readonly sources: readonly ProtectedSource[];
  readonly state: LedgerState;
  readonly addresses: ProtectedAddresses;
  readonly standing: StandingBans;
  readonly policy: Policy;
  readonly clients: Clients;
  /** DNS names on the whitelist. */
  readonly names: Pick<WhitelistNames, 'unanswered'>;
  readonly losses: Pick<Losses, 'holdBack'>;
  readonly isPaused: () => boolean;
  readonly record: () => Record;
  readonly clock: Clock;
  readonly log: Log;
  readonly onGaps: (reason: string, gaps: readonly string[]) => void;
  /** Other networks are protected, or nothing is waited for any more. `networks`: those, when nothing else has changed. */
  readonly onPolicy: (networks?: readonly Network[]) => void;
  /** These bans are held back now and were not before, or the other way round. */
  readonly onHeld: (changed: readonly Network[]) => void;
}

/** What must not be banned, whoever asks, and which bans wait because of it. */
export class Protection {
  readonly sources: ProtectedSources;
  readonly hosts: KnownHosts;
  readonly offers: HostOffers;
  readonly held: HeldBans;
  readonly #options: ProtectionOptions;
  /** Hosts whose addresses could not be written down. */
  readonly #unsaved = new Set<string>();
  /** What sources say that could not be written down, by source. */
  readonly #unkept = new Map<string, ProtectedSet>();

  constructor(options: ProtectionOptions) {
    const { settings, sources, state, addresses, standing, policy, clients, clock, log } = options;
    this.#options = options;
    this.sources = new ProtectedSources({
      ...{ sources, addresses, clock, log, sets: state.protectedSets, without: settings.withoutSources },
      save: (set) => this.#write({ kind: 'source-read', ...set }),
      onGaps: options.onGaps,
      onChange: () => options.onPolicy(),
    });
    this.offers = new HostOffers({
      ...{ addresses, policy, clients, clock, sets: state.protectedSets, isTrusted: settings.isIgnoreipTrusted },
      save: (client, set) => this.#write({ kind: 'source-read', ...set }, client),
      onChange: options.onPolicy,
    });
    this.hosts = new KnownHosts({
      known: state.hostAddresses,
      clientOf: (name) => clients.get(name),
      bannedBy: (address) => this.#bannedBy(address),
      rememberMs: settings.rememberHostsSeconds * 1_000,
      onChange: (address) => this.#tellHeld(this.held.checkAround(address)),
      save: (client) => void this.#saveHost(client),
      onDoubt: ({ client, address, ban }) =>
        log.warn({ client, address, ban }, 'a host comes from where a ban is in force: the ban stays'),
    });
    this.held = new HeldBans({ standing, policy, hosts: this.hosts.index });
  }

  /** What is known of each source of what must not be banned. */
  get states(): readonly SourceState[] {
    return [...this.sources.states, ...this.#unanswered];
  }

  /** Why nothing may be put into force, if that is so: something that must not be banned was never read, or is lost. */
  get unread(): HeldBack | undefined {
    return this.unreadBeside([]);
  }

  /** The same without regard to some sources. */
  unreadBeside(others: readonly ProtectedSource[]): HeldBack | undefined {
    if (this.#options.losses.holdBack) return lostBack;
    const sources = this.sources.unread.filter((source) => !others.includes(source));
    const names = [...sources, ...this.#unanswered].map(({ name }) => name);
    return names.length === 0 ? undefined : unreadBack(names);
  }

  /** Why a ban of this network is not in force, or would not be; undefined when nothing holds it back. */
  whyHeld(network: Network): HeldBack | undefined {
    if (this.#options.isPaused()) return pausedBack;
    return this.held.get(network) ?? this.unread;
  }

  /** The configuration was read again. */
  configure({ rememberHostsSeconds, withoutSources, isIgnoreipTrusted }: ProtectionSettings): void {
    this.sources.configure(withoutSources);
    this.offers.configure(isIgnoreipTrusted);
    this.hosts.configure(rememberHostsSeconds * 1_000);
  }

  /** A host connected. Addresses that no ban can be of are nobody's: a tunnel's end, as loopback, says nothing of the host. */
  hostCame(coming: Coming): void {
    if (this.#isPlace(coming.address)) this.hosts.came(coming);
  }

  /** A client that reports bans by HTTP was here; whoever only reads is no host. */
  clientAsked(coming: Coming): void {
    const client = this.#options.clients.get(coming.client);
    if (client?.may.includes('ban') === true && this.#isPlace(coming.address)) this.hosts.asked(coming);
  }

  /** Each second. */
  review(now: number): void {
    this.hosts.review(now);
    this.offers.review();
    const unsaved = [...this.#unsaved];
    this.#unsaved.clear();
    for (const client of unsaved) void this.#saveHost(client);
    for (const set of [...this.#unkept.values()]) void this.keep(set);
  }

  /** Writes down what a source says: at once, or as soon as the ledger can be written. */
  async keep(set: ProtectedSet): Promise<void> {
    this.#unkept.delete(set.source);
    const isKept = await this.#write({ kind: 'source-read', ...set });
    if (isKept) this.#unkept.delete(set.source);
    else this.#unkept.set(set.source, set);
  }

  /** Takes in what was committed; the standing bans and the clients know it already. */
  apply(changes: readonly Change[], first: number): void {
    for (const change of changes) if (change.kind === 'revoked') this.hosts.revoke(change.client);
    this.offers.apply(changes);
    this.#tellHeld(this.held.apply(changes, first));
  }

  get #unanswered(): readonly SourceState[] {
    return unansweredSources(this.#options.names.unanswered);
  }

  #isPlace(address: Network): boolean {
    const code = this.#options.policy.refuseAddress(address)?.code;
    return code !== 'special-purpose';
  }

  #bannedBy(address: Network): Network | undefined {
    return this.#options.standing.covering(address).find(({ network }) => !this.held.has(network))?.network;
  }

  #tellHeld(changed: readonly Network[]): void {
    if (changed.length > 0) this.#options.onHeld(changed);
  }

  async #saveHost(client: string): Promise<void> {
    const addresses = this.hosts.of(client);
    if (!(await this.#write({ kind: 'host-addresses', client, addresses }, client))) this.#unsaved.add(client);
  }

  /** @param client that the change is about, who may be revoked before it is written. @returns whether it is durable */
  async #write(change: QuietChange, client?: string): Promise<boolean> {
    try {
      await this.#options.record().write((draft) => {
        const isGone =
          client !== undefined && draft.clientAfter(client, this.#options.clients.get(client)) === undefined;
        if (!isGone) draft.add(change);
      });
      return true;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      return false;
    }
  }
}
