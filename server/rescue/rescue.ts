import { type Clock, sleep } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Kept } from '../../shared/host/spare-file.ts';
import { Serial } from '../../shared/serial.ts';
import type { Draft } from '../draft.ts';
import type { Report } from '../ledger/ledger.ts';
import type { Record } from '../record.ts';
import { type Decision, enterDecision, subjectOf } from './decision.ts';
import type { DecisionFile } from './decision-file.ts';
import { type KeptDecision, type KeptDecisions, notTaken } from './kept-decisions.ts';

/** What came of a decision. */
export interface Decided {
  /** The reports that it lifts, as they were. */
  readonly lifted: readonly Report[];
  /** Absent: it is in the ledger. Otherwise it holds in memory, and is written as soon as the ledger can be. */
  readonly unwritten?: Unwritten;
}

export interface Unwritten {
  /** Why the ledger does not take it. */
  readonly reason: string;
  /** The file that keeps it over a restart; null: none could be written. */
  readonly keptIn: string | null;
}

export interface RescueOptions {
  readonly record: Record;
  readonly file: DecisionFile;
  readonly ledgerId: string;
  /** The number of the last decision that the ledger has. */
  readonly decided: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes a decision hold in memory. */
  readonly onHeld: (decision: Decision) => void;
  /** It is in the ledger now, and follows from there. */
  readonly onWritten: (decision: Decision) => void;
}

/** How long a decision waits for the ledger before it holds without it. */
const patienceMs = 500;

/**
 * The operator's way out, whatever the disk does. A decision is written like everything else; when the ledger does not take
 * it soon, it holds in memory at once, is kept in a file of its own where one can be written, and goes first into the next
 * commit that succeeds.
 *
 * ```
 * panic, resume ─┐              ┌─ written soon ────────────────────────▶ what follows from a commit
 * unban          ├─▶ decide ────┤
 * allow, remove ─┘              └─ not: in memory ─▶ decisions.json ─▶ first in the next commit ─▶ the same
 * ```
 */
export class Rescue {
  readonly #options: RescueOptions;
  readonly #unwritten = new Set<KeptDecision>();
  readonly #files = new Serial();
  #kept: Kept = { kind: 'nowhere', reason: 'nothing waits' };
  /** That was given last. */
  #number: number;

  constructor(options: RescueOptions) {
    this.#options = options;
    this.#number = options.decided;
  }

  /** Decisions that hold in memory alone, in their order. */
  get unwritten(): readonly Decision[] {
    return Array.from(this.#unwritten, ({ decision }) => decision);
  }

  /** The file that keeps them over a restart; null: none could be written. */
  get keptIn(): string | null {
    return this.#kept.kind === 'kept' ? this.#kept.file : null;
  }

  /** Carries out decisions together. Never rejects because of a disk. */
  async decide(...decisions: readonly Decision[]): Promise<Decided> {
    const waiting = new AbortController();
    const { clock, record } = this.#options;
    this.#number += 1;
    const number = this.#number;
    const enter = entering(decisions, number);
    const written = record.insist(enter, () => waiting.abort());
    const soon = await Promise.race([written, sleep(clock, patienceMs, waiting.signal)]);
    if (soon !== undefined) {
      waiting.abort();
      return { lifted: soon };
    }
    const lifted = record.preview(enter);
    this.#hold(decisions, number, written);
    // It holds by now: a disk that does not answer must not keep the answer back.
    const saving = new AbortController();
    await Promise.race([this.#save(), sleep(clock, patienceMs, saving.signal)]);
    saving.abort();
    return { lifted, unwritten: { reason: this.reason, keptIn: this.keptIn } };
  }

  /** Why the ledger does not take what it is handed. */
  get reason(): string {
    const { state } = this.#options.record;
    return state.kind === 'failing' ? state.reason : 'the ledger does not answer';
  }

  /** Takes up what waited for the ledger before the start, unless it has taken it since. */
  async restore(kept: KeptDecisions): Promise<void> {
    const { ledgerId, record } = this.#options;
    const waiting = notTaken(kept, { ledger: ledgerId, decided: this.#number });
    if (waiting.length > 0) {
      // One for all, and not below any of theirs: until the file is written again it has those.
      const numbers = kept.ledger === ledgerId ? waiting.map(({ number }) => number) : [];
      this.#number = Math.max(this.#number + 1, ...numbers);
      const decisions = waiting.map(({ decision }) => decision);
      this.#hold(decisions, this.#number, record.insist(entering(decisions, this.#number)));
    }
    await this.#save();
  }

  /** Resolves when the file says what it should. */
  async settle(): Promise<void> {
    await this.#files.inTurn(() => Promise.resolve());
  }

  #hold(decisions: readonly Decision[], number: number, written: Promise<unknown>): void {
    const held = decisions.map((decision) => ({ number, decision }));
    for (const each of held) {
      this.#unwritten.add(each);
      this.#options.onHeld(each.decision);
    }
    void written.then(() => this.#release(held));
  }

  #release(held: readonly KeptDecision[]): void {
    for (const each of held) {
      const { decision } = each;
      this.#unwritten.delete(each);
      this.#options.onWritten(decision);
      const { kind, actor } = decision;
      this.#options.log.info({ kind, network: subjectOf(decision), actor }, 'a decision is in the ledger now');
    }
    void this.#save();
  }

  #save(): Promise<void> {
    return this.#files.inTurn(async () => {
      const { file, ledgerId, log } = this.#options;
      const decisions = [...this.#unwritten];
      this.#kept = await file.save({ ledger: ledgerId, decisions });
      if (decisions.length === 0) return;
      const { reason, keptIn } = this;
      log.error(
        { decisions: decisions.length, reason, keptIn },
        'decisions hold in memory: the ledger does not take them',
      );
    });
  }
}

/** With the number, so that a file that could not be taken away is not carried out again: names take no number in history. */
function entering(decisions: readonly Decision[], number: number): (draft: Draft) => Report[] {
  return (draft) => {
    draft.add({ kind: 'decided', number });
    return decisions.flatMap((decision) => enterDecision(draft, decision));
  };
}
