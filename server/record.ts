import type { Clock } from '../shared/clock.ts';
import { limits } from '../shared/limits.ts';
import { FairQueue, type Turn } from './bans/fair-queue.ts';
import { Draft, type Streams } from './draft.ts';
import type { Soon } from './in-turns.ts';
import {
  type AdvancedChange,
  type Change,
  type Ledger,
  LedgerError,
  type LedgerState,
  streamsPerClientMax,
} from './ledger/ledger.ts';
import type { StandingBans } from './standing-bans.ts';

/**
 * Looks at what stands, writes into the draft, and returns the answer to give once the draft is committed. It must not
 * throw: others share the draft.
 */
export type Entry<Answer> = (draft: Draft) => Answer;

interface Waiting {
  /** Returns what to call when the commit is done. */
  readonly enter: (draft: Draft) => () => void;
  readonly fail: (error: unknown) => void;
  /** It is not given up when a commit fails. */
  readonly isInsistent: boolean;
}

/** The last word of the ledger: whether it wrote what it was handed. */
export type RecordState =
  | { readonly kind: 'good' }
  /** `sinceMs` on the clock's `elapsed`: the first of the commits in a row that failed. */
  | { readonly kind: 'failing'; readonly reason: string; readonly sinceMs: number };

/** Entries that wait for more of their kind before one commit; the first does not wait longer than for the last of these. */
const gatheredMax = 256;

export interface RecordOptions {
  readonly ledger: Ledger;
  readonly standing: StandingBans;
  readonly state: LedgerState;
  readonly clock: Clock;
  /** Told of each commit, after it, in order, with the sequence number of its first change, and its time in history. */
  readonly onCommit: (changes: readonly Change[], first: number, at: number) => void;
  readonly soon: Soon;
}

/**
 * The only way into the ledger. Entries that arrive in one tick share one commit, because a commit costs a sync of the
 * disk; each sees those before it, and each is answered only when all are durable. What is committed is taken into the
 * standing bans before any answer goes out.
 *
 * A commit takes so much time that nobody waits long for it ({@link limits.eventsPerCommitMax}). Where more is waiting,
 * clients have their turns, and what has none (the operator's, the server's own) goes before. One client's entries stay in
 * their order.
 */
export class Record {
  readonly #options: RecordOptions;
  readonly #streams: Streams;
  readonly #waiting = new FairQueue<Waiting>();
  /** Those that a failed commit had, and that go first into the next. */
  #kept: readonly Waiting[] = [];
  #writing: Promise<void> | undefined;
  #scheduled = false;
  #state: RecordState = { kind: 'good' };

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#streams = new Map([...options.state.streams].map(([client, streams]) => [client, new Map(streams)]));
  }

  get state(): RecordState {
    return this.#state;
  }

  /**
   * @param turn whose turn it takes; undefined: it goes before all clients'
   * @throws LedgerError when nothing could be written
   */
  write<Answer>(entry: Entry<Answer>, turn?: Turn): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const enter = (draft: Draft): (() => void) => {
        const answer = entry(draft);
        return () => resolve(answer);
      };
      this.#waiting.add({ enter, fail: reject, isInsistent: false }, turn);
      this.#schedule();
    });
  }

  /** Looks at what stands once everything that its client handed over before is written or refused. It must not throw. */
  read<Answer>(look: Entry<Answer>, turn?: Turn): Promise<Answer> {
    return new Promise((resolve) => {
      const answer = (): void => resolve(look(new Draft(this.#options.standing, this.#streams)));
      this.#waiting.add({ enter: () => answer, fail: answer, isInsistent: false }, turn);
      this.#schedule();
    });
  }

  /**
   * Writes an entry as {@link write} does, but never gives it up: once it could not be written, it goes first into every
   * commit until one succeeds, so that nothing that came later is committed before it. Never rejects.
   *
   * @param onFailure called when a commit with it fails
   */
  insist<Answer>(entry: Entry<Answer>, onFailure: () => void = () => undefined): Promise<Answer> {
    return new Promise((resolve) => {
      const enter = (draft: Draft): (() => void) => {
        const answer = entry(draft);
        return () => resolve(answer);
      };
      this.#waiting.add({ enter, fail: onFailure, isInsistent: true });
      this.#schedule();
    });
  }

  /** What an entry would answer now; nothing is written. */
  preview<Answer>(entry: Entry<Answer>): Answer {
    return entry(new Draft(this.#options.standing, this.#streams));
  }

  /** Tries again to write what is not given up. */
  retry(): void {
    if (this.#kept.length > 0) this.#schedule();
  }

  /** Resolves when everything handed over so far is written or refused, or kept to be tried again. */
  async drain(): Promise<void> {
    while (this.#scheduled || this.#writing !== undefined || this.#waiting.size > 0) {
      await (this.#writing ?? new Promise<void>((resolve) => this.#options.soon(resolve)));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined) return;
    this.#scheduled = true;
    this.#commitOnceQuiet(0);
  }

  /** Looks again as long as each look finds more: a commit costs the disk's sync, another look nearly nothing. */
  #commitOnceQuiet(seen: number): void {
    this.#options.soon(() => {
      const { size: found, cost } = this.#waiting;
      const isFull = found >= gatheredMax || cost >= limits.eventsPerCommitMax;
      if (found > seen && !isFull) this.#commitOnceQuiet(found);
      else this.#commitNow();
    });
  }

  #commitNow(): void {
    this.#scheduled = false;
    this.#writing = this.#commitWaiting().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.size > 0) this.#schedule();
    });
  }

  async #commitWaiting(): Promise<void> {
    const batch = [...this.#kept, ...this.#waiting.take(limits.eventsPerCommitMax)];
    this.#kept = [];
    const draft = new Draft(this.#options.standing, this.#streams);
    const answers = batch.map(({ enter }) => enter(draft));
    try {
      if (draft.changes.length > 0) await this.#commit(draft.changes);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#noteFailure(error);
      this.#kept = batch.filter(({ isInsistent }) => isInsistent);
      for (const { fail } of batch) fail(error);
      return;
    }
    for (const answer of answers) answer();
  }

  #noteFailure(error: LedgerError): void {
    const sinceMs = this.#state.kind === 'failing' ? this.#state.sinceMs : this.#options.clock.elapsed();
    this.#state = { kind: 'failing', reason: error.message, sinceMs };
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const { ledger, standing, clock, onCommit } = this.#options;
    const at = clock.now();
    const sequence = await ledger.commit(changes, at);
    this.#state = { kind: 'good' };
    standing.apply(changes, sequence);
    for (const change of changes) {
      if (change.kind === 'advanced') this.#advance(change);
      if (change.kind === 'revoked') this.#streams.delete(change.client);
    }
    onCommit(changes, sequence, at);
  }

  #advance({ client, stream, number }: AdvancedChange): void {
    const streams = this.#streams.get(client) ?? new Map<string, number>();
    streams.delete(stream);
    streams.set(stream, number);
    const [oldest] = streams.keys();
    if (streams.size > streamsPerClientMax && oldest !== undefined) streams.delete(oldest);
    this.#streams.set(client, streams);
  }
}
