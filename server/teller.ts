import type { Log } from '../shared/host/log.ts';
import type { Network } from '../shared/network.ts';
import type { ReconcilerEvent } from '../shared/reconciler.ts';
import type { Counters } from './counters.ts';
import type { Room } from './enforcement.ts';
import type { Problem } from './http/problem.ts';
import type { Decision } from './intake.ts';
import type { ReportChange } from './ledger/ledger.ts';
import type { Rejection } from './session.ts';

/** Makes a log line and a count of everything that happens: one line a decision, never a secret. */
export class Teller {
  readonly #log: Log;
  readonly #counters: Counters;

  constructor(log: Log, counters: Counters) {
    this.#log = log;
    this.#counters = counters;
  }

  decision({ verb, ...fields }: Decision): void {
    this.#counters.add(fields.code);
    if (fields.code === 'recorded' || fields.code === 'repeated') this.#log.info(fields, verb);
    else this.#log.warn(fields, `${verb} refused`);
  }

  rejection({ code, detail, client, claimed }: Rejection, address: Network | undefined): void {
    this.#counters.add(code);
    this.#log.warn({ code, client, claimed, address }, detail);
  }

  /** Who asks without a token, or for what it may not, is worth a line; a slip in a request is its sender's to see. */
  requestRefused({ code, detail }: Problem, address: Network | undefined, client: string | undefined): void {
    this.#counters.add(code);
    const isWorthy = code === 'unauthenticated' || code === 'not-permitted';
    this.#log[isWorthy ? 'warn' : 'debug']({ code, client, address }, detail);
  }

  /** An unban has its line as a decision. */
  withdrawal({ report, reason, actor }: ReportChange & { readonly kind: 'withdrawn' | 'lifted' }): void {
    this.#counters.add('withdrawn');
    const { network, client, jail } = report;
    if (reason !== 'unban') this.#log.info({ network, jail, client, reason, actor }, 'withdrawn');
  }

  turnedAway(address: Network | undefined, reason: string): void {
    this.#counters.add('turned-away');
    this.#log.debug({ address }, reason);
  }

  room(enforcer: string, { kind, ...numbers }: Room): void {
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
        break;
      }
      case 'recovered':
        this.#log.info({ enforcer }, 'the firewall answers again');
        break;
    }
  }
}
