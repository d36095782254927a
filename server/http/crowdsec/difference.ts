import type { Network } from '../../../shared/network.ts';
import { inTurns } from '../../in-turns.ts';
import type { Client, Report, ReportKey } from '../../ledger/ledger.ts';
import type { Ban } from '../../standing-bans.ts';
import { audienceOf, type BlockerParts, blockerOf, longestOf } from './blocker.ts';
import { endedDecision, horizonAt, isLong, standingDecision } from './decision.ts';
import type { DecisionFilter } from './decision-filter.ts';
import { DecisionText, decisionsPerTurn } from './decision-text.ts';
import type { LivePosition, Position } from './position.ts';

/** What became of a report since a bouncer was told. */
export interface Touch {
  readonly report: ReportKey;
  /** The report that ended then; `unknown` where only history tells of it. */
  readonly before: Report | undefined | 'unknown';
}

/** Who asks, what it was told, and what has happened since. */
export interface Since {
  readonly client: Client;
  readonly filter: DecisionFilter;
  /** Undefined: it was told nothing that arrived for sure. */
  readonly base: Position | undefined;
  /** What it was told since, if that arrived. */
  readonly maybe: LivePosition | undefined;
  readonly touches: readonly Touch[];
  /** Networks that the policy began to hold back or to let through. */
  readonly policyChanged: readonly Network[];
  /** Tell all that stands: it may have been forgotten, or held back. */
  readonly isAll: boolean;
  readonly now: number;
}

/** What a bouncer takes off, and what it then blocks. */
export interface Difference {
  readonly deleted: DecisionText;
  readonly new: DecisionText;
}

/** What was told of a network: nothing, by which report, or what nobody knows for sure. */
type Was = Report | undefined | { readonly unsure: ReportKey };

/** A network of which there may be something to tell, and its ban when the answer was begun. */
interface Candidate {
  readonly network: Network;
  readonly ban: Ban | undefined;
}

interface Touched {
  /** Reports that stood when the bouncer was told, and do no longer. */
  readonly ended: Report[];
  /** It may have been told, with an end that is not known. */
  unknown: ReportKey | undefined;
}

/**
 * What to tell of each network that may differ:
 *
 * ```
 *   was told      now        told
 *   –             blocked    new
 *   until then    –          deleted
 *   until then    until then nothing, or new where it may have been forgotten
 *   until then    otherwise  new
 *   perhaps       –          deleted
 *   perhaps       blocked    new
 * ```
 *
 * Never both: some bouncers apply what is new first, others what is deleted. Some keep the end of what they have; for them it is
 * new once more when that has passed ({@link OutdatedEnds}).
 */
export class Differing {
  readonly #parts: BlockerParts;
  readonly #since: Since;
  readonly #isFor: DecisionFilter;
  readonly #wasFor: DecisionFilter;
  readonly #touched = new Map<Network, Touched>();
  readonly #deleted = new DecisionText();
  readonly #new = new DecisionText();

  constructor(parts: BlockerParts, since: Since) {
    const { client, filter, base, maybe } = since;
    this.#parts = parts;
    this.#since = since;
    this.#isFor = audienceOf(client, filter);
    const readers = [base, maybe].flatMap((position) => (position?.kind === 'live' ? position.client : []));
    const audiences = readers.map((reader) => audienceOf(reader, filter));
    this.#wasFor = audiences.length === 0 ? this.#isFor : (key) => audiences.some((wasFor) => wasFor(key));
  }

  /** Tells how things stand at this moment, however long it takes: a ban never changes, another takes its place. */
  async tell(): Promise<Difference> {
    const { touches, policyChanged, isAll } = this.#since;
    const { standing, soon } = this.#parts;
    for (const touch of touches) this.#touch(touch);
    const unsure = new Set(policyChanged);
    const candidates = Array.from(this.#candidates(), (network) => ({ network, ban: standing.get(network) }));
    await inTurns(candidates, { perTurn: decisionsPerTurn, soon }, (some) => {
      for (const candidate of some) this.#tellOf(candidate, isAll || unsure.has(candidate.network));
    });
    return { deleted: this.#deleted, new: this.#new };
  }

  #touch({ report, before }: Touch): void {
    const { network } = report;
    const touched = this.#touched.get(network) ?? { ended: [], unknown: undefined };
    this.#touched.set(network, touched);
    if (before === 'unknown') {
      if (this.#wasFor(report)) touched.unknown = report;
    } else if (before !== undefined && this.#wasTold(before)) touched.ended.push(before);
    else if (before !== undefined && this.#mayBeTold(before)) touched.unknown = before;
  }

  #candidates(): Set<Network> {
    const { policyChanged, isAll, base, now } = this.#since;
    const isRenewal = base?.kind === 'live' && base.horizon !== horizonAt(now);
    const networks = new Set(this.#touched.keys());
    if (isAll || isRenewal) for (const { network } of this.#parts.standing.values()) networks.add(network);
    for (const network of policyChanged) networks.add(network);
    return networks;
  }

  #tellOf({ network, ban }: Candidate, isUnsure: boolean): void {
    const { now } = this.#since;
    const was = this.#was(network, ban?.reports ?? []);
    const blocker = blockerOf(ban, this.#parts, { isFor: this.#isFor, now });
    if (blocker === undefined) {
      if (was !== undefined) this.#deleted.add(endedDecision('unsure' in was ? was.unsure : was));
    } else if (isUnsure || !this.#isSame(was, blocker)) this.#new.add(standingDecision(blocker, now));
  }

  #was(network: Network, reports: readonly Report[]): Was {
    const touched = this.#touched.get(network);
    const unknown = touched?.unknown ?? reports.find((report) => this.#mayBeTold(report));
    if (unknown !== undefined) return { unsure: unknown };
    const standing = reports.filter((report) => this.#wasTold(report));
    return longestOf(touched === undefined ? standing : [...touched.ended, ...standing]);
  }

  /** Whether the bouncer was told by a report, unless it was held back. */
  #wasTold(report: Report): boolean {
    const { base } = this.#since;
    const { sequence = Number.POSITIVE_INFINITY, isLifted } = report;
    return base !== undefined && sequence <= base.sequence && !isLifted && this.#wasFor(report);
  }

  /** Whether it was, if what is in doubt has arrived. */
  #mayBeTold(report: Report): boolean {
    const { base, maybe } = this.#since;
    const { sequence = Number.POSITIVE_INFINITY, isLifted } = report;
    if (sequence > upToOf(base, maybe) || sequence <= (base?.sequence ?? 0)) return false;
    return !isLifted && this.#wasFor(report);
  }

  #isSame(was: Was, blocker: Report): boolean {
    if (was === undefined || 'unsure' in was) return false;
    return was.endsAt === blocker.endsAt && !this.#isDue(blocker);
  }

  /** Whether the end that was told may have been an earlier one than that of the ban. */
  #isDue(report: Report): boolean {
    const { base, now } = this.#since;
    if (base?.kind !== 'live') return isLong(report);
    return base.horizon !== horizonAt(now) && report.endsAt > base.horizon;
  }
}

/** The newest change of which a bouncer may have been told. What was told after a position that is recorded is not. */
function upToOf(base: Position | undefined, maybe: LivePosition | undefined): number {
  if (base?.kind === 'recorded') return Number.POSITIVE_INFINITY;
  return maybe?.sequence ?? 0;
}
