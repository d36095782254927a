import { limits } from '../../shared/limits.ts';
import type { Network } from '../../shared/network.ts';
import type { Look } from './jail-look.ts';
import { JailWatch } from './jail-watch.ts';
import { lookMs } from './judge-missing.ts';
import type { RecentEvents } from './recent-events.ts';

/** Networks of one jail to be withdrawn at once. */
export interface Gone {
  readonly jail: string;
  /** How long each was missing at least. */
  readonly seconds: number;
  readonly networks: readonly Network[];
  /** As many as one frame takes: there may be more. */
  readonly isMore: boolean;
}

/** The watches of all jails, for one server. */
export class JailWatches {
  readonly #recent: RecentEvents;
  readonly #watches = new Map<string, JailWatch>();
  /** When the next look decides something, by the clock's `elapsed`. */
  #lookAtMs = Number.POSITIVE_INFINITY;

  constructor(recent: RecentEvents) {
    this.#recent = recent;
  }

  /** When jails are to be looked at again, by the clock's `elapsed`. */
  get lookAtMs(): number {
    return this.#lookAtMs;
  }

  /** The jails of which anything is missing. */
  get jails(): ReadonlySet<string> {
    return new Set([...this.#watches].filter(([, watch]) => !watch.isIdle).map(([jail]) => jail));
  }

  /** Takes in a look. A jail that was asked for and not found says nothing. */
  see(look: Look, nowMs: number): void {
    for (const [jail, found] of look.jails) {
      const watch = this.#watches.get(jail) ?? new JailWatch();
      this.#watches.set(jail, watch);
      watch.see(found, look, nowMs, (network) => this.#recent.bannedAt(jail, network));
    }
    for (const [jail, watch] of this.#watches) if (!look.jails.has(jail)) watch.breakOff();
  }

  /** Forgets jails that fail2ban has no more, by a look at all of them; without anything missing a new watch is as good. */
  forgetGone({ jails }: Look): void {
    for (const [jail, watch] of this.#watches) if (watch.isIdle && !jails.has(jail)) this.#watches.delete(jail);
  }

  /** fail2ban did not answer. */
  breakOff(): void {
    for (const watch of this.#watches.values()) watch.breakOff();
    this.#lookAtMs = Number.POSITIVE_INFINITY;
  }

  /** Names what the server holds of a jail and the look did not find. */
  name(look: Look, jail: string, networks: readonly Network[]): void {
    const found = look.jails.get(jail);
    if (found !== undefined) this.#watches.get(jail)?.name(networks, found, look.endedMs);
  }

  /** The next networks that are gone, all of one jail. */
  nextGone(look: Look, nowMs: number): Gone | undefined {
    for (const [jail, found] of look.jails) {
      const watch = this.#watches.get(jail);
      if (watch === undefined || watch.isIdle) continue;
      const judged = [...watch.judge(found, look.beganMs, nowMs)].filter(([, verdict]) => verdict === 'gone');
      const networks = judged.map(([network]) => network).filter((network) => this.#isQuiet(look, jail, network));
      if (networks.length === 0) continue;
      const seconds = watch.secondsOf(networks, look.beganMs);
      return { jail, seconds, networks, isMore: networks.length >= limits.unlistedMax };
    }
    return undefined;
  }

  forget(jail: string, networks: readonly Network[]): void {
    this.#watches.get(jail)?.forget(networks);
  }

  /** Plans the next look: soon while it may decide something, with the next comparison otherwise. */
  planLook(look: Look, nowMs: number): void {
    const isWaiting = [...look.jails].some(([jail, found]) => {
      const verdicts = this.#watches.get(jail)?.judge(found, look.beganMs, nowMs).values() ?? [];
      return [...verdicts].includes('wait');
    });
    this.#lookAtMs = isWaiting ? look.endedMs + lookMs : Number.POSITIVE_INFINITY;
  }

  /** No event was about it since the look began. */
  #isQuiet(look: Look, jail: string, network: Network): boolean {
    return this.#recent.eventAt(jail, network) < look.beganMs;
  }
}
