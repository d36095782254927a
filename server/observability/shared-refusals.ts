import type { Clock } from '../../shared/clock.ts';
import type { Decision } from '../intake.ts';

/** What one client wanted banned that very many share, or that is whitelisted or protected. */
export interface SharedRefusals {
  readonly client: string;
  readonly count: number;
  /** Instant of the first, milliseconds since the epoch. */
  readonly since: number;
  /** The newest, at most {@link examplesMax}. */
  readonly networks: readonly string[];
  /** The newest, at most {@link examplesMax}. */
  readonly jails: readonly string[];
}

const examplesMax = 3;
/** Clients that are remembered: those that came first. */
const clientsMax = 1_000;
const sharedCodes: readonly Decision['code'][] = ['infrastructure', 'whitelisted', 'protected'];

/** Counts refusals by which a log shows its reverse proxy instead of the visitor. Since the start, in memory. */
export class SharedRefusalCounts {
  readonly #clock: Clock;
  readonly #ofClient = new Map<string, SharedRefusals>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note({ client, code, network, jail }: Decision): void {
    if (!sharedCodes.includes(code)) return;
    const before = this.#ofClient.get(client);
    if (before === undefined && this.#ofClient.size >= clientsMax) return;
    const { count, since, networks, jails } = before ?? { count: 0, since: this.#clock.now(), networks: [], jails: [] };
    const lasts = (items: readonly string[], item: string): string[] =>
      [item, ...items.filter((each) => each !== item)].slice(0, examplesMax);
    const after = { client, count: count + 1, since, networks: lasts(networks, network), jails: lasts(jails, jail) };
    this.#ofClient.set(client, after);
  }

  /** A client was revoked. */
  forget(client: string): void {
    this.#ofClient.delete(client);
  }

  list(): readonly SharedRefusals[] {
    return [...this.#ofClient.values()];
  }
}
