import type { Clock } from '../../shared/clock.ts';
import type { DnsName } from '../../shared/dns/dns-name.ts';
import { KnownNames, type NameMeaning, namesMax } from '../../shared/dns/known-names.ts';
import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Network } from '../../shared/network.ts';
import type { Change, NameEntry, ProtectedSet } from '../ledger/ledger.ts';
import type { Whitelist } from './whitelist.ts';

/** Sources of the ledger under which it keeps what each name meant last. */
const sourceOf = (name: DnsName): string => `name/${name}`;

/** A whitelist entry by name, with what it means now. */
export interface WhitelistName extends NameMeaning {
  /** Undefined: it stands in the configuration. */
  readonly entry: NameEntry | undefined;
}

export interface WhitelistNamesOptions {
  readonly configured: readonly DnsName[];
  /** Made at run time. */
  readonly entries: readonly NameEntry[];
  /** What the ledger holds; of it, what names meant last counts until they are looked up again. */
  readonly sets: readonly ProtectedSet[];
  readonly whitelist: Whitelist;
  readonly resolve: ResolveName;
  readonly clock: Clock;
  readonly log: Log;
  /** Writes down what a name means. */
  readonly save: (set: ProtectedSet) => void;
  /** These networks are whitelisted now and were not before, or the other way round. */
  readonly onChange: (networks: readonly Network[]) => void;
}

/** DNS names on the whitelist. A ban of what one means is held back for as long as it means that, and lifted never. */
export class WhitelistNames {
  readonly #options: WhitelistNamesOptions;
  readonly #timed = new Map<DnsName, NameEntry>();
  readonly #known: KnownNames;
  #configured: readonly DnsName[];
  #whitelisted: ReadonlySet<Network> = new Set();

  constructor(options: WhitelistNamesOptions) {
    this.#options = options;
    this.#configured = options.configured;
    for (const entry of options.entries) this.#timed.set(entry.name, entry);
    const { resolve, clock, log, save } = options;
    this.#known = new KnownNames({
      ...{ resolve, clock, log },
      onChange: (name, networks) => {
        save({ source: sourceOf(name), networks });
        this.#publish();
      },
      kept: this.#names().flatMap((name) => {
        const set = options.sets.find(({ source }) => source === sourceOf(name));
        return set === undefined || set.networks.length === 0 ? [] : [{ name, networks: set.networks }];
      }),
    });
    this.#follow();
  }

  get timed(): readonly NameEntry[] {
    return [...this.#timed.values()];
  }

  /** Whether there is room for this name, as there is for one that is there. */
  hasRoomFor(name: DnsName): boolean {
    const names = this.#names();
    return names.length < namesMax || names.includes(name);
  }

  list(): readonly WhitelistName[] {
    return this.#known.list().map((meaning) => ({ ...meaning, entry: this.#timed.get(meaning.name) }));
  }

  isConfigured(name: DnsName): boolean {
    return this.#configured.includes(name);
  }

  /** The configuration was read again. */
  configure(names: readonly DnsName[]): void {
    this.#configured = names;
    this.#follow();
  }

  /** Takes in what was committed. */
  apply(changes: readonly Change[]): void {
    const before = this.#timed.size;
    let isTouched = false;
    for (const change of changes) {
      if (change.kind === 'name-allowed') this.#timed.set(change.entry.name, change.entry);
      if (change.kind === 'name-disallowed') this.#timed.delete(change.name);
      isTouched ||= change.kind === 'name-allowed';
    }
    if (isTouched || this.#timed.size !== before) this.#follow();
  }

  /** Entries whose time has come. */
  due(now: number): NameEntry[] {
    return this.timed.filter(({ endsAt }) => endsAt <= now);
  }

  /** Looks up what is due, at once. */
  look(signal: AbortSignal): Promise<void> {
    return this.#known.look(signal);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#known.run(signal);
  }

  #names(): DnsName[] {
    return [...new Set([...this.#configured, ...this.#timed.keys()])];
  }

  #follow(): void {
    this.#known.follow(this.#names());
    this.#publish();
  }

  #publish(): void {
    const meanings = new Map<Network, DnsName>();
    for (const { name, networks } of this.#known.list()) for (const network of networks) meanings.set(network, name);
    const before = this.#whitelisted;
    const after = new Set(meanings.keys());
    this.#whitelisted = after;
    this.#options.whitelist.setMeanings(meanings);
    const changed = [...after, ...before].filter((network) => after.has(network) !== before.has(network));
    if (changed.length > 0) this.#options.onChange(changed);
  }
}
