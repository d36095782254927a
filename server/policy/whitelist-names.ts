import type { Clock } from '../../shared/clock.ts';
import type { DnsName } from '../../shared/dns/dns-name.ts';
import { KnownNames, type NameMeaning, namesMax } from '../../shared/dns/known-names.ts';
import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Network } from '../../shared/network.ts';
import { type Change, type NameEntry, nameSource, type ProtectedSet } from '../ledger/ledger.ts';
import type { Whitelist } from './whitelist.ts';

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
  /** These networks are whitelisted now and were not before, or the other way round; none: only which names wait for an answer. */
  readonly onChange: (networks: readonly Network[]) => void;
}

/** DNS names on the whitelist. A ban of what one means is held back for as long as it means that, and lifted never. */
export class WhitelistNames {
  readonly #options: WhitelistNamesOptions;
  readonly #timed = new Map<DnsName, NameEntry>();
  readonly #known: KnownNames;
  #configured: readonly DnsName[];
  #whitelisted: ReadonlySet<Network> = new Set();
  /** Names of which DNS never said anything, as one text. */
  #waiting = '';

  constructor(options: WhitelistNamesOptions) {
    this.#options = options;
    this.#configured = options.configured;
    for (const entry of options.entries) this.#timed.set(entry.name, entry);
    const { resolve, clock, log, save } = options;
    this.#known = new KnownNames({
      ...{ resolve, clock, log },
      onChange: (name, networks) => {
        save({ source: nameSource(name), networks });
        this.#tell();
      },
      kept: this.#names().flatMap((name) => {
        const set = options.sets.find(({ source }) => source === nameSource(name));
        return set === undefined ? [] : [{ name, networks: set.networks }];
      }),
    });
    this.#known.follow(this.#names());
    this.#publish();
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

  /** Those of which DNS never said anything. */
  get unanswered(): readonly NameMeaning[] {
    // Asked for each ban; nearly always there are none.
    return this.#waiting === '' ? [] : unansweredIn(this.#known);
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
    this.#tell();
  }

  #tell(): void {
    const before = this.#waiting;
    const changed = this.#publish();
    if (changed.length > 0 || this.#waiting !== before) this.#options.onChange(changed);
  }

  /** @returns what is whitelisted now and was not before, or the other way round */
  #publish(): readonly Network[] {
    const meanings = new Map<Network, DnsName>();
    for (const { name, networks } of this.#known.list()) for (const network of networks) meanings.set(network, name);
    this.#waiting = unansweredIn(this.#known)
      .map(({ name }) => name)
      .join();
    const before = this.#whitelisted;
    const after = new Set(meanings.keys());
    this.#whitelisted = after;
    this.#options.whitelist.setMeanings(meanings);
    return [...after, ...before].filter((network) => after.has(network) !== before.has(network));
  }
}

function unansweredIn(known: KnownNames): readonly NameMeaning[] {
  return known.list().filter(({ isAnswered }) => !isAnswered);
}
