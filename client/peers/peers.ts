import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import type { ReconcilerEvent } from '../../shared/reconciler.ts';
import type { Connection } from '../connection.ts';
import type { FeedWish } from '../courier.ts';
import { PeerEnforcement, type PeerEnforcementOptions } from './peer-enforcement.ts';
import { PeerReports } from './peer-reports.ts';
import type { Subscription } from './subscription.ts';

export interface PeersOptions extends Pick<PeerEnforcementOptions, 'openEnforcer' | 'mayBlock' | 'random'> {
  readonly subscriptions: readonly Subscription[];
  /** Names of the `[server NAME]` sections. */
  readonly servers: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Pause between two looks at how the enforcers stand. */
const tellMs = 2_000;

/** The bans of other hosts, as the servers tell of them, and what this host does about them. */
export class Peers {
  /** By server, those that a subscription concerns. */
  readonly reports: ReadonlyMap<string, PeerReports>;
  readonly enforcement: PeerEnforcement;
  readonly #options: PeersOptions;

  constructor(options: PeersOptions) {
    const { servers, log } = options;
    this.#options = options;
    const concerned = servers.filter((server) => this.#subscriptionsOf(server).length > 0);
    this.reports = new Map(concerned.map((server) => [server, new PeerReports()]));
    this.enforcement = new PeerEnforcement({
      ...options,
      peers: this.reports,
      onEvent: (enforcer, event) => tell(log, enforcer, event),
    });
  }

  /** What to ask of a server; undefined: nothing. */
  wishOf(server: string): FeedWish | undefined {
    const reports = this.reports.get(server);
    if (reports === undefined) return undefined;
    const filters = this.#subscriptionsOf(server).map(({ filter }) => filter);
    return {
      begin: (connection) => {
        connection.subscribe(reports.begin(filters), (frame) => {
          reports.take(frame, this.#options.clock.now());
          if (frame.part !== 'snapshot') this.enforcement.notify();
        });
        this.#tellEnforcers(connection, '');
      },
      denied: () => {
        reports.deny();
        this.enforcement.notify();
      },
    };
  }

  /** Whenever something has changed, but not more often than its operator can look. */
  #tellEnforcers(connection: Connection, told: string): void {
    if (connection.ended.aborted) return;
    const enforcers = this.enforcement.summary();
    const text = JSON.stringify(enforcers);
    if (text !== told) connection.tellEnforcers(enforcers);
    const cancel = this.#options.clock.after(tellMs, () => {
      connection.ended.removeEventListener('abort', cancel);
      this.#tellEnforcers(connection, text);
    });
    connection.ended.addEventListener('abort', cancel, { once: true });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.enforcement.run(signal);
  }

  #subscriptionsOf(server: string): readonly Subscription[] {
    return this.#options.subscriptions.filter(({ servers }) => servers.length === 0 || servers.includes(server));
  }
}

function tell(log: Log, enforcer: string, event: ReconcilerEvent): void {
  switch (event.kind) {
    case 'applied':
      for (const { verb, entry } of event.steps) log.info({ enforcer, network: entry.network }, `${verb} done`);
      break;
    case 'listed':
      log.debug({ enforcer, held: event.held, drift: event.drift }, 'compared');
      break;
    case 'rejected':
      log.error({ enforcer, network: event.network, reason: event.reason }, 'the firewall does not take this network');
      break;
    case 'failed':
      log.error({ enforcer, code: event.code, reason: event.reason }, 'the firewall fails');
      break;
    case 'recovered':
      log.info({ enforcer }, 'the firewall answers again');
      break;
  }
}
