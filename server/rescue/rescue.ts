import { type Clock, sleep } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Kept } from '../../shared/host/spare-file.ts';
import { Serial } from '../../shared/serial.ts';
import type { Draft } from '../draft.ts';
import type { Report } from '../ledger/ledger.ts';
import type { Record } from '../record.ts';
import type { StandingBans } from '../standing-bans.ts';
import { type Decision, enterDecision, networkIn } from './decision.ts';
import type { DecisionFile } from './decision-file.ts';
import { isTaken, type KeptDecisions } from './kept-decisions.ts';

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
  readonly standing: StandingBans;
  readonly file: DecisionFile;
  readonly ledgerId: string;
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
  readonly #unwritten = new Set<Decision>();
  readonly #files = new Serial();
  #kept: Kept = { kind: 'nowhere', reason: 'nothing waits' };

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /** Decisions that hold in memory alone, in their order. */
  get unwritten(): readonly Decision[] {
    return [...this.#unwritten];
  }

  /** The file that keeps them over a restart; null: none could be written. */
  get keptIn(): string | null {
    return this.#kept.kind === 'kept' ? this.#kept.file : null;
  }

  /** Carries out decisions together. Never rejects because of a disk. */
  async decide(...decisions: readonly Decision[]): Promise<Decided> {
    const waiting = new AbortController();
    const { clock, record } = this.#options;
    const enter = entering(decisions);
    const written = record.insist(enter, () => waiting.abort());
    const soon = await Promise.race([written, sleep(clock, patienceMs, waiting.signal)]);
    if (soon !== undefined) {
      waiting.abort();
      return { lifted: soon };
    }
    const lifted = record.preview(enter);
    this.#hold(decisions, written);
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
  async restore(kept: KeptDecisions, sequence: number): Promise<void> {
    if (!isTaken(kept, { ledger: this.#options.ledgerId, sequence }))
      this.#hold(kept.decisions, this.#options.record.insist(entering(kept.decisions)));
    await this.#save();
  }

  /** Something was committed: what still waits was not in it. */
  committed(): void {
    if (this.#unwritten.size > 0) void this.#save();
  }

  /** Resolves when the file says what it should. */
  async settle(): Promise<void> {
    await this.#files.inTurn(() => Promise.resolve());
  }

  #hold(decisions: readonly Decision[], written: Promise<unknown>): void {
    for (const decision of decisions) {
      this.#unwritten.add(decision);
      this.#options.onHeld(decision);
    }
    void written.then(() => this.#release(decisions));
  }

  #release(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      this.#unwritten.delete(decision);
      this.#options.onWritten(decision);
      const { kind, actor } = decision;
      this.#options.log.info({ kind, network: networkIn(decision), actor }, 'a decision is in the ledger now');
    }
    void this.#save();
  }

  #save(): Promise<void> {
    return this.#files.inTurn(async () => {
      const { file, ledgerId, standing, log } = this.#options;
      const decisions = this.unwritten;
      this.#kept = await file.save({ ledger: ledgerId, sequence: standing.sequence, decisions });
      if (decisions.length === 0) return;
      const { reason, keptIn } = this;
      log.error(
        { decisions: decisions.length, reason, keptIn },
        'decisions hold in memory: the ledger does not take them',
      );
    });
  }
}

function entering(decisions: readonly Decision[]): (draft: Draft) => Report[] {
  return (draft) => decisions.flatMap((decision) => enterDecision(draft, decision));
}
