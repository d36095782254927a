import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/host/log.ts';
import type { Network } from '../shared/network.ts';
import type { ReconcilerEvent } from '../shared/reconciler.ts';
import type { Counters } from './counters.ts';
import type { Room } from './enforcement.ts';
import type { Problem, ProblemCode } from './http/problem.ts';
import type { Decision } from './intake.ts';
import type { ReportChange } from './ledger/ledger.ts';
import type { Notifications } from './notifications/notifications.ts';
import { RateLimit } from './policy/rate-limit.ts';
import type { Rejection } from './session.ts';

/** What the teller needs of notifications. */
export type Notices = Pick<Notifications, 'isWanted' | 'tell'>;

/** Refusals of which others are told: somebody nearly banned what must not be banned. */
const toldRefusals: readonly string[] = ['whitelisted', 'protected'];

/** Lines about whoever does not prove who he is, over time and at once: to ask costs him nothing. */
export const strangerLines = { perSecond: 10, burst: 200 } as const;

export interface TellerParts {
  readonly log: Log;
  readonly counters: Counters;
  readonly notices: Notices;
  readonly clock: Clock;
}

/**
 * Makes a log line and a count of everything that happens, and a notice where one is wanted: one line a decision, never a
 * secret. Of very many strangers only the counts are whole.
 */
export class Teller {
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #notices: Notices;
  /** How each enforcer fails, as it was told: it fails again with each try. */
  readonly #failing = new Map<string, string>();
  readonly #clock: Clock;
  readonly #strangerLines: RateLimit;
  /** Strangers of whom nothing was said since the last line about one. */
  #unsaid = 0;

  constructor({ log, counters, notices, clock }: TellerParts) {
    this.#log = log;
    this.#counters = counters;
    this.#notices = notices;
    this.#clock = clock;
    this.#strangerLines = new RateLimit(strangerLines, clock.elapsed());
  }

  decision({ verb, ...fields }: Decision): void {
    this.#counters.add(fields.code);
    if (fields.code === 'recorded' || fields.code === 'repeated') this.#log.info(fields, verb);
    else this.#log.warn(fields, `${verb} refused`);
    const { network, client, jail, code, detail = '' } = fields;
    if (toldRefusals.includes(code)) this.#notices.tell({ kind: 'refused', network, client, jail, code, detail });
  }

  /** A decision has its line already. */
  report({ report, reason }: ReportChange & { readonly kind: 'reported' }): void {
    if (reason === 'prolonged' || !this.#notices.isWanted('ban')) return;
    const { network, client, jail, endsAt } = report;
    const end = endsAt === Number.POSITIVE_INFINITY ? null : endsAt;
    this.#notices.tell({ kind: 'ban', network, client, jail, endsAt: end });
  }

  rejection({ code, detail, client, claimed }: Rejection, address: Network | undefined): void {
    this.#counters.add(code);
    this.#warn({ code, client, claimed, address }, detail);
  }

  /** Who asks without a token, or for what it may not, is worth a line; a slip in a request is its sender's to see. */
  requestRefused({ code, detail }: Problem, address: Network | undefined, client: string | undefined): void {
    this.#counters.add(code);
    if (code === 'unauthenticated' || code === 'not-permitted') this.#warn({ code, client, address }, detail);
    else this.#log.debug({ code, client, address }, detail);
  }

  /** An unban has its line as a decision. */
  withdrawal({ report, reason, actor }: ReportChange & { readonly kind: 'withdrawn' | 'lifted' }): void {
    this.#counters.add('withdrawn');
    const { network, client, jail } = report;
    if (reason !== 'unban') this.#log.info({ network, jail, client, reason, actor }, 'withdrawn');
    if (this.#notices.isWanted('unban')) this.#notices.tell({ kind: 'unban', network, client, jail, reason });
  }

  turnedAway(address: Network | undefined, reason: string): void {
    this.#counters.add('turned-away');
    this.#log.debug({ address }, reason);
  }

  room(enforcer: string, { kind, ...numbers }: Room): void {
    this.#notices.tell({ kind: 'room', enforcer, state: kind, ...numbers });
    if (kind === 'plenty') this.#log.info({ enforcer, ...numbers }, 'there is room for more bans again');
    else if (kind === 'scarce') this.#log.warn({ enforcer, ...numbers }, 'bans come near to max_entries');
    else this.#log.error({ enforcer, ...numbers }, 'bans are left out: max_entries is reached');
  }

  enforcer(enforcer: string, event: ReconcilerEvent): void {
    switch (event.kind) {
      case 'applied':
        this.#counters.add('enforced', event.steps.length);
        for (const { verb, entry } of event.steps) {
          this.#log.info({ enforcer, network: entry.network, tookMs: Math.round(event.tookMs) }, `${verb} done`);
        }
        break;
      case 'listed':
        this.#log.debug({ enforcer, held: event.held, drift: event.drift }, 'compared');
        break;
      case 'rejected':
        this.#log.error(
          { enforcer, network: event.network, reason: event.reason },
          'the firewall does not take this network',
        );
        break;
      case 'failed': {
        const { code, reason, nextTryMs } = event;
        this.#counters.add('enforcer-failed');
        this.#log.error({ enforcer, code, reason, nextTryMs: Math.round(nextTryMs) }, 'the firewall fails');
        if (this.#failing.get(enforcer) !== code)
          this.#notices.tell({ kind: 'enforcer', enforcer, state: 'failing', reason });
        this.#failing.set(enforcer, code);
        break;
      }
      case 'recovered':
        this.#log.info({ enforcer }, 'the firewall answers again');
        this.#notices.tell({ kind: 'enforcer', enforcer, state: 'recovered', reason: '' });
        this.#failing.delete(enforcer);
        break;
    }
  }

  #warn(fields: { readonly code: ProblemCode; readonly [name: string]: unknown }, detail: string): void {
    if (fields.code !== 'unauthenticated') this.#log.warn(fields, detail);
    else if (!this.#strangerLines.take(1, this.#clock.elapsed())) this.#unsaid += 1;
    else {
      this.#log.warn(this.#unsaid === 0 ? fields : { ...fields, unsaid: this.#unsaid }, detail);
      this.#unsaid = 0;
    }
  }
}
