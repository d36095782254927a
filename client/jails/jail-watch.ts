import type { Network } from '../../shared/network.ts';
import type { JailList } from '../jails.ts';
import { isStored, type JailLook, type Look } from './jail-look.ts';
import { judgeMissing, type Verdict } from './judge-missing.ts';
import { never } from './recent-events.ts';

interface Missing {
  /** By the clock's `elapsed`. */
  readonly sinceMs: number;
  readonly wasHeld: boolean;
}

/** When the last ban of a network was handed over, by the clock's `elapsed`. */
export type BannedAt = (network: Network) => number;

/**
 * Networks of one jail that a server holds and the jail does not, from look to look. Each has its own time: what else the
 * jail bans meanwhile plays no part.
 */
export class JailWatch {
  readonly #missing = new Map<Network, Missing>();
  #life: string | undefined;
  /** Since when this process of fail2ban is known and restores nothing. */
  #quietSinceMs = Number.POSITIVE_INFINITY;
  /** The list of the look before; kept only where no database tells more. */
  #before: JailList | undefined;
  #isBroken = true;

  /** Takes in what a look found. */
  see({ list, stored }: JailLook, look: Pick<Look, 'life' | 'endedMs'>, nowMs: number, bannedAt: BannedAt): void {
    const { life, endedMs } = look;
    if (this.#isBroken || life !== this.#life) this.#beginAnew(life, endedMs);
    if (this.#hasGrown(list, bannedAt)) this.#quietSinceMs = endedMs;
    for (const [network, missing] of this.#missing) {
      const isToCome = isStored(stored, network, nowMs) === true || bannedAt(network) > missing.sinceMs;
      if (list.has(network)) this.#missing.delete(network);
      else if (isToCome) this.#missing.set(network, { ...missing, sinceMs: endedMs });
    }
    this.#keepBefore(list, stored === undefined && life !== undefined);
  }

  /** fail2ban did not answer, or the jail was not there: what was missing until now says nothing. */
  breakOff(): void {
    this.#isBroken = true;
  }

  /** Names what the server holds and the last look did not find. */
  name(networks: readonly Network[], look: JailLook, endedMs: number): void {
    const named = new Set(networks);
    for (const network of this.#missing.keys()) if (!named.has(network)) this.#missing.delete(network);
    for (const network of named) {
      if (this.#missing.has(network) || look.list.has(network)) continue;
      this.#missing.set(network, { sinceMs: endedMs, wasHeld: this.#before?.has(network) === true });
    }
    if (this.#before !== undefined) this.#before = look.list;
  }

  /** Whether anything is missing. */
  get isIdle(): boolean {
    return this.#missing.size === 0;
  }

  /** Judges all that is missing, by a look that found what {@link see} was told. */
  judge({ stored }: JailLook, beganMs: number, nowMs: number): ReadonlyMap<Network, Verdict> {
    const quietMs = beganMs - this.#quietSinceMs;
    const judged = new Map<Network, Verdict>();
    for (const [network, { sinceMs, wasHeld }] of this.#missing) {
      const missingMs = beganMs - sinceMs;
      judged.set(network, judgeMissing({ missingMs, isStored: isStored(stored, network, nowMs), wasHeld, quietMs }));
    }
    return judged;
  }

  /** How long these were missing at least, seconds. */
  secondsOf(networks: readonly Network[], beganMs: number): number {
    const since = networks.reduce(
      (latest, network) => Math.max(latest, this.#missing.get(network)?.sinceMs ?? never),
      never,
    );
    return Math.max(1, Math.floor((beganMs - since) / 1_000));
  }

  /** The server was told of these. */
  forget(networks: readonly Network[]): void {
    for (const network of networks) this.#missing.delete(network);
  }

  #keepBefore(list: JailList, isNeeded: boolean): void {
    this.#before = isNeeded ? (this.#before ?? list) : undefined;
  }

  #beginAnew(life: string | undefined, endedMs: number): void {
    const isSameLife = life !== undefined && life === this.#life;
    for (const [network, { wasHeld }] of this.#missing) {
      this.#missing.set(network, { sinceMs: endedMs, wasHeld: wasHeld && isSameLife });
    }
    this.#isBroken = false;
    if (isSameLife) return;
    this.#life = life;
    this.#quietSinceMs = endedMs;
    this.#before = undefined;
  }

  /** A network that comes back without a ban is one that fail2ban restores. */
  #hasGrown(list: JailList, bannedAt: BannedAt): boolean {
    const before = this.#before;
    if (before === undefined) return false;
    return [...list.keys()].some((network) => !before.has(network) && bannedAt(network) === never);
  }
}
