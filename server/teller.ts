import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/host/log.ts';
import type { Network } from '../shared/network.ts';
import type { ReconcilerEvent } from '../shared/reconciler.ts';
import type { Connected } from './connected-clients.ts';
import type { Counters } from './counters.ts';
import type { Room } from './enforcement.ts';
import { describeStrays, type StrayEntries } from './enforcers/ownership/stray-entries.ts';
import type { Problem, ProblemCode } from './http/problem.ts';
import type { Decision } from './intake.ts';
import type { Client, Report, ReportChange } from './ledger/ledger.ts';
import type { Notifications } from './notifications/notifications.ts';
import { LineShares, type SharedLine } from './observability/line-shares.ts';
import { operator } from './own-clients.ts';
import type { HeldBack } from './protection/held-back.ts';
import type { Rejection } from './session.ts';

/** What the teller needs of notifications. */
export type Notices = Pick<Notifications, 'isWanted' | 'tell'>;

/** Refusals of which others are told: somebody nearly banned what must not be banned. */
const toldRefusals: readonly string[] = ['whitelisted', 'protected', 'infrastructure'];

/**
 * Lines over time and at once: of each client; of all together who do not prove who they are, for to ask costs them
 * nothing; and of each firewall.
 */
export const lineLimits = {
  client: { perSecond: 20, burst: 1_000 },
  strangers: { perSecond: 10, burst: 200 },
  firewall: { perSecond: 100, burst: 5_000 },
} as const;

/** As whom those are counted who do not prove who they are; no client has such a name. */
const strangers = 'without a login';

interface Refused {
  readonly code: ProblemCode;
  readonly client: string | undefined;
  readonly [name: string]: unknown;
}

export interface TellerParts {
  readonly log: Log;
  readonly counters: Counters;
  readonly notices: Notices;
  readonly clock: Clock;
}

/**
 * Makes a log line and a count of everything that happens, and a notice where one is wanted: one line a decision, never a
 * secret. Of very many in a short time by one client only the counts are whole.
 */
export class Teller {
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #notices: Notices;
  /** How each enforcer fails, as it was told: it fails again with each try. */
  readonly #failing = new Map<string, string>();
  readonly #clientLines: LineShares;
  readonly #strangerLines: LineShares;
  readonly #firewallLines: LineShares;
  /** How many strays of each ledger were told, by firewall and ledger. */
  readonly #strays = new Map<string, number>();

  constructor({ log, counters, notices, clock }: TellerParts) {
    this.#log = log;
    this.#counters = counters;
    this.#notices = notices;
    this.#clientLines = new LineShares({ log, clock, limit: lineLimits.client });
    this.#strangerLines = new LineShares({ log, clock, limit: lineLimits.strangers });
    this.#firewallLines = new LineShares({ log, clock, limit: lineLimits.firewall });
  }

  /** Tells of what was left out of the log until now; at the end. */
  close(): void {
    for (const lines of [this.#clientLines, this.#strangerLines, this.#firewallLines]) lines.flush();
  }

  connected(fields: Pick<Connected, 'client' | 'address' | 'agent'>): void {
    const message = 'connected';
    this.#clientLines.write({ level: 'info', by: fields.client, about: 'connections', fields, message });
  }

  decision({ verb, ...fields }: Decision): void {
    this.#counters.add(fields.code);
    const isTaken = fields.code === 'recorded' || fields.code === 'repeated';
    this.#write(
      isTaken
        ? { level: 'info', by: fields.client, about: `${verb}s`, fields, message: verb }
        : { level: 'warn', by: fields.client, about: `refusals of ${fields.code}`, fields, message: `${verb} refused` },
    );
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

  /** It stands, but is not in force. */
  heldBack({ network, client, jail }: Report, { code, detail }: HeldBack): void {
    this.#counters.add('held-back');
    const fields = { network, client, jail, code, detail };
    this.#write({ level: 'warn', by: client, about: 'bans held back', fields, message: 'ban held back' });
    this.#notices.tell({ kind: 'refused', network, client, jail, code, detail });
  }

  rejection({ code, detail, client, claimed }: Rejection, address: Network | undefined): void {
    this.#counters.add(code);
    this.#warn({ code, client, claimed, address }, detail);
  }

  /** A good key in the wrong place is a thief's, or a host that has moved. */
  elsewhere({ name, from }: Client, address: Network | undefined): void {
    this.#warn({ code: 'unauthenticated', client: name, address }, `a good key from outside of ${from.join(', ')}`);
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
    const fields = { network, jail, client, reason, actor };
    const about = `reports withdrawn: ${reason}`;
    if (reason !== 'unban') this.#write({ level: 'info', by: client, about, fields, message: 'withdrawn' });
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

  /** What stands in a firewall and is not looked after here; said when how many there are of whom has changed. */
  strays(enforcer: string, strays: readonly StrayEntries[]): void {
    const found = new Set(strays.map(({ id }) => `${enforcer} ${id}`));
    for (const place of this.#strays.keys())
      if (place.startsWith(`${enforcer} `) && !found.has(place)) this.#strays.delete(place);
    for (const { id, isOwn, isAlive, entries } of strays) {
      const place = `${enforcer} ${id}`;
      if (isAlive || this.#strays.get(place) === entries.length) continue;
      this.#strays.set(place, entries.length);
      this.#log.warn({ enforcer, ledger: id, entries: entries.length }, describeStrays(entries.length, id, isOwn));
    }
  }

  enforcer(enforcer: string, event: ReconcilerEvent): void {
    switch (event.kind) {
      case 'applied':
        this.#counters.add('enforced', event.steps.length);
        for (const { verb, entry } of event.steps) {
          const fields = { enforcer, network: entry.network, tookMs: Math.round(event.tookMs) };
          const message = `${verb} done`;
          this.#firewallLines.write({ level: 'info', by: enforcer, about: `entries: ${message}`, fields, message });
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

  /** The operator's are all written: he gives his commands one by one. */
  #write(line: SharedLine): void {
    if (line.by === operator) this.#log[line.level](line.fields, line.message);
    else this.#clientLines.write(line);
  }

  #warn(fields: Refused, message: string): void {
    const { code, client } = fields;
    const about = `refusals of ${code}`;
    if (client === undefined) this.#strangerLines.write({ level: 'warn', by: strangers, about, fields, message });
    else this.#write({ level: 'warn', by: client, about, fields, message });
  }
}
