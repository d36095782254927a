import { Bell } from '../bell.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../host/log.ts';
import type { Network } from '../network.ts';
import type { DnsName } from './dns-name.ts';
import { addressesOfNameMax, type FamilyAnswer, type NameAnswer, type ResolveName } from './resolve-name.ts';

/** Names that are looked up at all; each costs two questions a minute at most. */
export const namesMax = 200;

/** A look lasts as long as its TTL, within these. */
const [lookMinMs, lookMaxMs] = [60_000, 3_600_000];
/** After no answer. */
const againMs = 60_000;
/** What a name meant counts on for so long without an answer, while this program runs. */
export const keptWithoutAnswerMs = 7 * 86_400_000;
/** And for so long after DNS says that there is no such name: a provider's slip must not shut the operator out. */
export const keptThoughNoneMs = 3_600_000;
const atOnceMax = 8;

/** What a name means now. Instants are milliseconds since the epoch. */
export interface NameMeaning {
  readonly name: DnsName;
  /** IPv4 before IPv6; empty: it means nothing. */
  readonly networks: readonly Network[];
  /** Since when it means just these; undefined: it never had an address. */
  readonly since: number | undefined;
  /** When it is looked up next; undefined before the first look. */
  readonly nextLookAt: number | undefined;
  /** Why the last look found nothing to rely on; undefined: it did. */
  readonly trouble: string | undefined;
  /** Since when that is so, by the clock's `elapsed`. */
  readonly failingSinceMs: number | undefined;
  /** Whether DNS ever said what it means, be it nothing. */
  readonly isAnswered: boolean;
}

/** What a name meant when it was last known, as it was kept over a restart; no networks: DNS said that it has none. */
export interface KeptMeaning {
  readonly name: DnsName;
  readonly networks: readonly Network[];
}

export interface KnownNamesOptions {
  readonly resolve: ResolveName;
  readonly clock: Clock;
  readonly log: Log;
  /** A name means other networks than before, or DNS said for the first time that it has none. */
  readonly onChange: (name: DnsName, networks: readonly Network[]) => void;
  readonly kept?: readonly KeptMeaning[];
}

interface Entry {
  networks: Record<4 | 6, readonly Network[]>;
  since: number | undefined;
  nextLookAt: number | undefined;
  dueMs: number;
  trouble: string | undefined;
  /** Since when, on the clock that never jumps, there is no answer or no such name. */
  failingSinceMs: number | undefined;
  isAnswered: boolean;
}

/**
 * What DNS names mean, looked up again and again.
 *
 * ```
 * addresses       → that is what it means; next look after its TTL, from a minute to an hour
 * no such name    → what it meant counts for another hour
 * no answer       → what it meant counts for another seven days; asked again each minute
 * ```
 *
 * The two families are judged apart: a broken answer for IPv6 does not touch IPv4.
 */
export class KnownNames {
  readonly #options: KnownNamesOptions;
  readonly #entries = new Map<DnsName, Entry>();
  readonly #bell = new Bell();

  constructor(options: KnownNamesOptions) {
    this.#options = options;
    for (const { name, networks } of options.kept ?? []) this.#entries.set(name, keptEntry(networks, options.clock));
  }

  /** From now on just these names are looked up; new ones at once. */
  follow(names: Iterable<DnsName>): void {
    const wanted = new Set([...names].slice(0, namesMax));
    for (const name of this.#entries.keys()) if (!wanted.has(name)) this.#entries.delete(name);
    for (const name of wanted) if (!this.#entries.has(name)) this.#entries.set(name, newEntry());
    this.#bell.ring();
  }

  /** What a name that is followed means now. */
  meaningOf(name: DnsName): NameMeaning | undefined {
    const entry = this.#entries.get(name);
    return entry && describe(name, entry);
  }

  list(): readonly NameMeaning[] {
    return [...this.#entries].map(([name, entry]) => describe(name, entry));
  }

  /** Looks up what is due, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.#bell.wait(this.#options.clock, this.#restMs(), signal);
    }
  }

  /** Looks up every name that is due, once. */
  async look(signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.elapsed();
    const due = [...this.#entries].filter(([, { dueMs }]) => dueMs <= now).map(([name]) => name);
    for (let at = 0; at < due.length && !signal.aborted; at += atOnceMax)
      await Promise.all(due.slice(at, at + atOnceMax).map((name) => this.#lookAt(name, signal)));
  }

  #restMs(): number | undefined {
    if (this.#entries.size === 0) return undefined;
    const next = Math.min(...[...this.#entries.values()].map(({ dueMs }) => dueMs));
    return next - this.#options.clock.elapsed();
  }

  async #lookAt(name: DnsName, signal: AbortSignal): Promise<void> {
    const answer = await this.#options.resolve(name, signal);
    const entry = this.#entries.get(name);
    // A question that was called off says nothing.
    if (signal.aborted || entry === undefined) return;
    const { clock } = this.#options;
    const restMs = restAfter(answer);
    entry.dueMs = clock.elapsed() + restMs;
    entry.nextLookAt = clock.now() + restMs;
    this.#noteTrouble(name, entry, troubleOf(answer));
    const keeps = this.#mayKeep(entry, answer);
    const isFirst = !entry.isAnswered && isAnswer(answer);
    entry.isAnswered ||= isFirst;
    const isOther = this.#set(name, entry, {
      4: next(answer[4], entry.networks[4], keeps),
      6: next(answer[6], entry.networks[6], keeps),
    });
    if (isOther || isFirst) this.#options.onChange(name, allOf(entry));
  }

  #noteTrouble(name: DnsName, entry: Entry, trouble: string | undefined): void {
    if (trouble !== undefined && entry.trouble === undefined)
      this.#options.log.warn({ name, reason: trouble, means: allOf(entry) }, 'a DNS name cannot be looked up now');
    entry.trouble = trouble;
    if (trouble === undefined) entry.failingSinceMs = undefined;
    else entry.failingSinceMs ??= this.#options.clock.elapsed();
  }

  /** Whether what it meant counts on where this answer brings nothing. */
  #mayKeep({ failingSinceMs }: Entry, answer: NameAnswer): boolean {
    if (failingSinceMs === undefined) return false;
    const isNone = answer[4].kind === 'none' && answer[6].kind === 'none';
    return this.#options.clock.elapsed() - failingSinceMs < (isNone ? keptThoughNoneMs : keptWithoutAnswerMs);
  }

  /** @returns whether it means others than before */
  #set(name: DnsName, entry: Entry, networks: Entry['networks']): boolean {
    const before = allOf(entry);
    entry.networks = networks;
    const after = allOf(entry);
    if (before.join() === after.join()) return false;
    entry.since = this.#options.clock.now();
    this.#options.log.info({ name, before, after }, 'a DNS name means other addresses');
    return true;
  }
}

function next(answer: FamilyAnswer, before: readonly Network[], keeps: boolean): readonly Network[] {
  if (answer.kind === 'addresses') return answer.networks;
  return keeps ? before : [];
}

function restAfter(answer: NameAnswer): number {
  const ttls = [answer[4], answer[6]].flatMap((each) => (each.kind === 'addresses' ? [each.ttlSeconds * 1_000] : []));
  const ttlMs = troubleOf(answer) === undefined ? Math.min(...ttls) : againMs;
  return Math.min(lookMaxMs, Math.max(lookMinMs, ttlMs));
}

/** Whether it says what the name means: addresses of one family do, even when nothing is known of the other. */
function isAnswer(answer: NameAnswer): boolean {
  const kinds = [answer[4].kind, answer[6].kind];
  return kinds.includes('addresses') || !kinds.includes('unanswered');
}

/** One family without an answer is trouble; one without addresses is none, if the other has some. */
function troubleOf(answer: NameAnswer): string | undefined {
  for (const family of [4, 6] as const) {
    const each = answer[family];
    if (each.kind === 'unanswered') return `no answer about IPv${family}: ${each.reason}`;
  }
  const isNone = answer[4].kind === 'none' && answer[6].kind === 'none';
  return isNone ? 'DNS says that it has no address' : undefined;
}

function newEntry(): Entry {
  const nothing = { 4: [], 6: [] };
  return {
    networks: nothing,
    since: undefined,
    nextLookAt: undefined,
    dueMs: 0,
    trouble: undefined,
    failingSinceMs: undefined,
    isAnswered: false,
  };
}

function keptEntry(networks: readonly Network[], clock: Clock): Entry {
  const some = networks.slice(0, 2 * addressesOfNameMax);
  const of = (isSix: boolean): Network[] => some.filter((network) => network.includes(':') === isSix);
  const since = some.length === 0 ? undefined : clock.now();
  return { ...newEntry(), networks: { 4: of(false), 6: of(true) }, since, isAnswered: true };
}

function allOf({ networks }: Entry): readonly Network[] {
  return [...networks[4], ...networks[6]];
}

function describe(name: DnsName, entry: Entry): NameMeaning {
  const { since, nextLookAt, trouble, failingSinceMs, isAnswered } = entry;
  return { name, networks: allOf(entry), since, nextLookAt, trouble, failingSinceMs, isAnswered };
}
