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

/** Changes of history that one answer tells of; the next goes on. */
export const historyPerAnswerMax = 20_000;

export interface DecisionStreamParts extends BlockerParts {
  readonly ledger: Ledger;
  /** How far each bouncer was told, also by a stream that was there before this one. */
  readonly bouncers: Positions;
  readonly feed: Feed;
  readonly policyChanges: PolicyChanges;
  readonly clock: Clock;
}

interface Asking {
  readonly connection: object;
  /** The bouncer has just started: it wants everything. */
  readonly isStartup: boolean;
  readonly filter: DecisionFilter;
}

/** What happened since a position, up to a sequence number. */
interface Happened {
  readonly touches: readonly Touch[];
  readonly sequence: number;
}

/**
 * `GET /v1/decisions/stream`: what changed since the client's bouncer asked last.
 *
 * ```
 *   position ─▶ recent changes, or history after a restart ─▶ difference ─▶ answer ─▶ position, once it has left
 * ```
 */
export class DecisionStream {
  readonly #parts: DecisionStreamParts;

  constructor(parts: DecisionStreamParts) {
    this.#parts = parts;
  }

  /** @throws LedgerError when history is needed and cannot be read */
  async answer(client: Client, { connection, isStartup, filter }: Asking): Promise<Outcome> {
    const turn = await this.#parts.bouncers.begin(client, connection, this.#parts.standing.sequence);
    if (turn === undefined)
      return { problem: { code: 'rate-limited', detail: 'one answer at a time for each client' } };
    try {
      const { difference, position } = await this.#tell(client, turn, { isStartup, filter });
      const isEmpty = difference.deleted.isEmpty && difference.new.isEmpty;
      const answer = writtenAnswer(writtenOf(difference));
      return { answer, onEnd: (hasLeft) => turn.end(hasLeft ? position : undefined, isEmpty) };
    } catch (error) {
      turn.end(undefined, false);
      throw error;
    }
  }

  async #tell(
    client: Client,
    turn: Turn,
    { isStartup, filter }: Omit<Asking, 'connection'>,
  ): Promise<{ readonly difference: Difference; readonly position: LivePosition }> {
    const { standing, policyChanges, isPaused, clock } = this.#parts;
    // A ledger that comes from a backup gives its numbers again.
    const base = turn.base !== undefined && turn.base.sequence > standing.sequence ? undefined : turn.base;
    const { maybe } = turn;
    const { touches, sequence } = await this.#happenedSince(base ?? maybe);
    const policyChanged = base?.kind === 'live' ? policyChanges.after(base.policyTick) : undefined;
    const now = clock.now();
    const position: LivePosition = {
      kind: 'live',
      sequence,
      upTo: standing.sequence,
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

  async #happenedSince(base: Position | undefined): Promise<Happened> {
    const { standing, feed, ledger } = this.#parts;
    const { sequence } = standing;
    if (base === undefined) return { touches: [], sequence };
    const recent = feed.recent.after(base.sequence, Number.POSITIVE_INFINITY);
    if (recent !== undefined) return { touches: recent, sequence };
    const entries = await ledger.changesAfter(base.sequence, historyPerAnswerMax);
    const isRest = entries.length < historyPerAnswerMax;
    return { touches: entries.flatMap(touchOf), sequence: isRest ? sequence : (entries.at(-1)?.sequence ?? sequence) };
  }
}

function touchOf({ network, client, jail }: HistoryEntry): Touch | readonly [] {
  if (network === undefined || client === undefined || jail === undefined) return [];
  return { report: { network, client, jail }, before: 'unknown' };
}

/** Whether only single networks can differ between what was told and what is to be. */
function isOfOneKind(base: Position | undefined, { isPaused, client }: LivePosition): boolean {
  if (base?.kind !== 'live' || base.isPaused !== isPaused) return false;
  return base.client.may.join() === client.may.join() && base.client.follows.join() === client.follows.join();
}

function writtenOf(difference: Difference): Buffer {
  const [deleted, added] = [difference.deleted.end(), difference.new.end()];
  return Buffer.concat([Buffer.from('{"deleted":'), ...deleted, Buffer.from(',"new":'), ...added, Buffer.from('}\n')]);
}
