import type { Clock } from '../../../shared/clock.ts';
import type { Feed } from '../../feed/feed.ts';
import type { Client, HistoryEntry, Ledger } from '../../ledger/ledger.ts';
import type { PolicyChanges } from '../../policy/policy-changes.ts';
import { writtenAnswer } from '../answer.ts';
import type { Outcome } from '../route.ts';
import type { BlockerParts } from './blocker.ts';
import { horizonAt } from './decision.ts';
import type { DecisionFilter } from './decision-filter.ts';
import { type Difference, Differing, type Touch } from './difference.ts';
import type { LivePosition, Position } from './position.ts';
import type { Positions, Turn } from './positions.ts';

/** Changes of history that are read at once. */
export const historyPerReadMax = 20_000;

export interface DecisionStreamParts extends BlockerParts {
  readonly ledger: Ledger;
  /** How far each bouncer was told, also by a stream that was there before this one. */
  readonly bouncers: Positions;
  readonly feed: Feed;
  readonly policyChanges: PolicyChanges;
  readonly clock: Clock;
}

interface Asking {
  /** The bouncer has just started: it wants everything. */
  readonly isStartup: boolean;
  readonly filter: DecisionFilter;
}

/**
 * `GET /v1/decisions/stream`: what changed since the client's bouncer asked last.
 *
 * ```
 *   position ─▶ recent changes, or history after a restart ─▶ difference ─▶ answer ─▶ position, once it has left
 *      ▲                                                                                 │
 *      └───────────────── the one before, when the connection breaks behind it ──────────┘
 * ```
 */
export class DecisionStream {
  readonly #parts: DecisionStreamParts;

  constructor(parts: DecisionStreamParts) {
    this.#parts = parts;
  }

  /** @throws LedgerError when history is needed and cannot be read */
  async answer(client: Client, asking: Asking): Promise<Outcome> {
    const { bouncers, standing } = this.#parts;
    return await bouncers.answer(
      client,
      () => standing.sequence,
      async (turn) => {
        const { difference, position } = await this.#tell(client, turn, asking);
        const isEmpty = difference.deleted.isEmpty && difference.new.isEmpty;
        return {
          answer: writtenAnswer(writtenOf(difference)),
          onEnd: (hasLeft) => hasLeft && turn.left(position, isEmpty),
          onBreak: () => turn.broke(position),
        };
      },
    );
  }

  async #tell(
    client: Client,
    turn: Turn,
    { isStartup, filter }: Asking,
  ): Promise<{ readonly difference: Difference; readonly position: LivePosition }> {
    const { standing, policyChanges, isPaused, clock } = this.#parts;
    // A ledger that comes from a backup gives its numbers again.
    const base = turn.base !== undefined && turn.base.sequence > standing.sequence ? undefined : turn.base;
    const { maybe } = turn;
    const touches = await this.#touchedSince(base ?? maybe);
    const policyChanged = base?.kind === 'live' ? policyChanges.after(base.policyTick) : undefined;
    const now = clock.now();
    const position: LivePosition = {
      kind: 'live',
      sequence: standing.sequence,
      policyTick: policyChanges.tick,
      isPaused: isPaused(),
      horizon: horizonAt(now),
      client,
    };
    const isAll =
      isStartup || policyChanged === undefined || ![base, maybe ?? base].every((each) => isOfOneKind(each, position));
    const since = { client, filter, base, maybe, touches, policyChanged: policyChanged ?? [], isAll, now };
    return { difference: await new Differing(this.#parts, since).tell(), position };
  }

  /** All up to the moment at which this resolves. Of history each report once: there may be a million changes of few. */
  async #touchedSince(base: Position | undefined): Promise<readonly Touch[]> {
    const { feed, ledger, standing } = this.#parts;
    const touches = new Map<string, Touch>();
    let after = base?.sequence ?? standing.sequence;
    let recent = feed.recent.after(after, Number.POSITIVE_INFINITY);
    while (recent === undefined) {
      const { sequence } = standing;
      const entries = await ledger.changesAfter(after, historyPerReadMax);
      for (const entry of entries) noteTouch(touches, entry);
      after = entries.length < historyPerReadMax ? sequence : (entries.at(-1)?.sequence ?? sequence);
      recent = feed.recent.after(after, Number.POSITIVE_INFINITY);
    }
    return [...touches.values(), ...recent];
  }
}

/** By client and jail too: of which report it was told decides whether a bouncer was. */
function noteTouch(touches: Map<string, Touch>, { network, client, jail }: HistoryEntry): void {
  if (network === undefined || client === undefined || jail === undefined) return;
  touches.set(`${network} ${client} ${jail}`, { report: { network, client, jail }, before: 'unknown' });
}

/** Whether only single networks can differ between what was told and what is to be. */
function isOfOneKind(base: Position | undefined, { isPaused, client }: LivePosition): boolean {
  if (base?.kind !== 'live' || base.isPaused !== isPaused) return false;
  return base.client.may.join() === client.may.join() && base.client.follows.join() === client.follows.join();
}

function writtenOf(difference: Difference): Buffer {
  const [deleted, added] = [difference.deleted.end(), difference.new.end()];
  return Buffer.concat([Buffer.from('{"deleted":'), ...deleted, Buffer.from(',"new":'), ...added, Buffer.from('}')]);
}
