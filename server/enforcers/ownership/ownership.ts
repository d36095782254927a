import type { HeldEntry } from '../../../shared/enforcer.ts';
import type { Network } from '../../../shared/network.ts';
import { idInMark, namesClient, type OwnMarks } from './ledger-mark.ts';
import { oldMarksId, type StrayEntries, StrayList } from './stray-entries.ts';
import type { Traces } from './traces.ts';

export interface OwnershipOptions {
  readonly marks: OwnMarks;
  readonly traces: Traces;
  /** Whether a client of this name is known, or only one whose name begins so. */
  readonly isClient: (name: string, isBeginning: boolean) => boolean;
  /** Whether the ledger has a report of exactly this network. */
  readonly isReported: (network: Network) => boolean;
  /** What the firewall should hold now: it knows networks that were joined, too. */
  readonly desired: () => ReadonlyMap<Network, unknown>;
  /** Whether all of ours must go, whatever is known of it: panic. */
  readonly takesAll: () => boolean;
}

type Knows = (network: Network) => boolean;

/**
 * Decides whose the entries of one firewall are.
 *
 * | mark | the ledger knows the network | it does not |
 * | --- | --- | --- |
 * | of this ledger, or of one taken over | ours | a stray: kept and named; panic takes it |
 * | old: it names no ledger, but a client that is known | ours | a stray |
 * | old, and names no client that is known | a stray, unless old ones were taken over | a stray |
 * | of another ledger | a stray | a stray |
 * | none, in a firewall that is all ours | ours | a stray when it was there at the first look, else ours |
 * | none | the administrator's | the administrator's |
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  /** Of a firewall that keeps no marks: spellings that stood there at the first look. */
  #first: ReadonlySet<string> | undefined;
  /** Strays that are to go, as `k3x9 192.0.2.1`. */
  readonly #released = new Set<string>();
  readonly #strays = new StrayList();
  #leansOnOthers = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** A ban of it is recorded now. */
  noteReport(network: Network): void {
    if (this.#strays.networks.has(network)) this.#leansOnOthers = true;
  }

  get strays(): readonly StrayEntries[] {
    return this.#strays.all;
  }

  /** Whether a ban is in force only because of another ledger's entry, which may go at any time. */
  get leansOnOthers(): boolean {
    return this.#leansOnOthers;
  }

  /** The entries that a firewall lists, each with the owner that it has. */
  async judge(listed: readonly HeldEntry[]): Promise<readonly HeldEntry[]> {
    const knows = await this.#knowledgeOf(listed);
    this.#first ??= new Set(listed.map(({ spelling }) => spelling));
    this.#leansOnOthers = false;
    this.#strays.begin();
    const judged = listed.map((entry) => this.#judgeOne(entry, knows));
    this.#strays.end(this.#options.marks.own);
    return judged;
  }

  /** These may go from now on: those that were listed, and none that comes. */
  release({ id, entries }: StrayEntries): void {
    for (const { spelling } of entries) this.#released.add(`${id} ${spelling}`);
  }

  /** It was taken out: should it come again, it is a stray again. */
  noteRemoved(entry: HeldEntry): void {
    this.#released.delete(`${this.#idOf(entry)} ${entry.spelling}`);
  }

  #judgeOne(entry: HeldEntry, knows: Knows): HeldEntry {
    if (entry.owner === 'theirs' && entry.mark === undefined) return entry;
    const id = this.#idOf(entry);
    const isOurs = this.#isOurs(entry, id, knows) || this.#released.has(`${id} ${entry.spelling}`);
    if (isOurs) return entry.owner === 'ours' ? entry : { ...entry, owner: 'ours' };
    this.#strays.add(id, entry);
    if (this.#options.isReported(entry.network)) this.#leansOnOthers = true;
    return { ...entry, owner: 'theirs', strayOf: id };
  }

  #isOurs({ mark, spelling, network }: HeldEntry, id: string, knows: Knows): boolean {
    const { marks, takesAll } = this.#options;
    if (mark === undefined) return takesAll() || this.#first?.has(spelling) !== true || knows(network);
    if (id === oldMarksId) return (marks.has(id) || namesClient(mark, this.#options.isClient)) && knows(network);
    return marks.has(id) && (takesAll() || knows(network));
  }

  /** What carries no mark, in a firewall that is all ours, counts as this ledger's. */
  #idOf({ mark }: HeldEntry): string {
    return mark === undefined ? this.#options.marks.own : (idInMark(mark) ?? oldMarksId);
  }

  /** Asks history only about what neither stands nor is desired: nothing, nearly always. */
  async #knowledgeOf(listed: readonly HeldEntry[]): Promise<Knows> {
    const { isReported, traces } = this.#options;
    const candidates = listed.filter((entry) => this.#mayBeOurs(entry)).map(({ network }) => network);
    // Kept as it is now: a ban that ends while history is read was known all the same.
    const reported = new Set(candidates.filter(isReported));
    const inQuestion = candidates.filter((network) => !reported.has(network));
    const desired = inQuestion.some((network) => network.includes('/')) ? this.#options.desired() : undefined;
    const known = await traces.of(inQuestion.filter((network) => desired?.has(network) !== true));
    return (network) =>
      reported.has(network) || isReported(network) || desired?.has(network) === true || known.has(network);
  }

  #mayBeOurs(entry: HeldEntry): boolean {
    if (entry.mark === undefined) return entry.owner === 'ours' && this.#first?.has(entry.spelling) !== false;
    const id = this.#idOf(entry);
    return id === oldMarksId || this.#options.marks.has(id);
  }
}
