import type { Clock } from './clock.ts';

/** What is known of the host since its kernel started. */
export interface Boot {
  /** Another with each start of the kernel; undefined: it cannot be known. */
  readonly id: string | undefined;
  /** Milliseconds since the kernel started, also those asleep. */
  readonly uptimeMs: () => number;
}

/** The trusted time as it is kept over a restart of the program. */
export interface KeptTime {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly boot: string | undefined;
  readonly uptimeMs: number;
  /** The jump that was disputed then. */
  readonly dispute: KeptDispute | undefined;
}

export interface KeptDispute {
  /** What the host's clock said less the uptime. */
  readonly offsetMs: number;
  readonly stoodMs: number;
  /** For how long no clock of the host was believed, whatever it said. */
  readonly disputedMs: number;
}

/** Whether the host's clock is believed. Instants are milliseconds since the epoch. */
export type ClockState =
  | { readonly kind: 'agreed' }
  | {
      readonly kind: 'disputed';
      /** What the host's clock says. */
      readonly hostAt: number;
      /** What is taken for the time instead. */
      readonly trustedAt: number;
      readonly stoodMs: number;
      /** After which it may be believed, 0: now; undefined: only when the operator says so. */
      readonly believedInMs: number | undefined;
      /** Since when no clock of the host was believed, by the time that is taken instead. */
      readonly since: number;
    };

/** By how far the time moves when the host's clock is believed after all. */
export interface ClockJump {
  /** What was recorded from then on, by the time before the jump, moves along. */
  readonly since: number;
  /** Forward; negative is back. */
  readonly byMs: number;
}

/** The jump that is disputed. */
export function jumpOf({ hostAt, trustedAt, since }: ClockState & { readonly kind: 'disputed' }): ClockJump {
  return { since, byMs: hostAt - trustedAt };
}

export interface TrustedClockOptions {
  readonly host: Clock;
  readonly boot: Boot;
  /** Undefined at the very first start: then the host's clock is all there is. */
  readonly kept: KeptTime | undefined;
  /** The host's clock is disputed, or believed again. Called amid {@link TrustedClock.now}. */
  readonly onChange: (state: ClockState) => void;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** A clock that differs by no more was only set a little, as NTP does. */
export const toleranceMs = 5_000;
/** So long a host is off when it is only started anew; wrong clocks are rather wrong by a quarter of an hour and more. */
export const absenceMaxMs = 600_000;
/** So long after a start of the kernel its clock may still be set to the right time. */
const settlingMs = hourMs;

interface Dispute {
  /** What the host's clock says less the elapsed time. */
  offsetMs: number;
  sinceElapsed: number;
}

/**
 * The time by which things end, on a host whose clock may be wrong: a dead battery, a wrong BIOS date, a wrong time server.
 * It goes on by the monotonic clock. The host's clock, where it differs, is
 *
 * | it differs by | believed |
 * | --- | --- |
 * | 5 s at most | at once: NTP sets it |
 * | what the uptime says too: the host slept | at once |
 * | ten minutes ahead at most, within an hour of a start of the kernel | at once, and once: the host was off |
 * | more, ahead | after it has stood as long as it is wide: an hour at least, a day at most |
 * | a day back at most | the same |
 * | more, back | when the operator says so |
 *
 * So a jump that is set right earlier ends nothing; one that is right ends things late by a day at most, never early. Nothing
 * that ends is lost to a jump back, for the time goes on meanwhile. Over a
 * restart of the program on the same boot the elapsed time is known exactly; over a start of the kernel no time passes but what
 * the host's clock says and the table lets it.
 *
 * A jump that was disputed is believed by {@link believe} alone, also once it has stood for long enough: what was recorded
 * meanwhile would end early by it, so whoever keeps that moves its ends first.
 */
export class TrustedClock implements Clock {
  readonly #options: TrustedClockOptions;
  /** The time at a point of the monotonic clock. */
  #time: number;
  #elapsed: number;
  /** The same at a point of the uptime; seldom renewed, for the uptime is dear to read. */
  #mark: { readonly time: number; readonly uptimeMs: number };
  /** How far ahead the host's clock may be, once. */
  #absenceMs: number;
  readonly #startedElapsed: number;
  #dispute: Dispute | undefined;
  /** Since when there is a dispute, this one or those that it took the place of. */
  #disputedSinceElapsed: number | undefined;

  constructor(options: TrustedClockOptions) {
    const { host, boot, kept } = options;
    this.#options = options;
    this.#elapsed = host.elapsed();
    this.#startedElapsed = this.#elapsed;
    const uptimeMs = boot.uptimeMs();
    const isSameBoot = kept?.boot !== undefined && kept.boot === boot.id && uptimeMs >= kept.uptimeMs;
    this.#time = (kept?.time ?? host.now()) + (kept !== undefined && isSameBoot ? uptimeMs - kept.uptimeMs : 0);
    this.#mark = { time: this.#time, uptimeMs };
    this.#absenceMs = isSameBoot ? 0 : absenceMaxMs;
    if (kept?.dispute !== undefined) this.#resume(kept.dispute, isSameBoot ? uptimeMs - kept.uptimeMs : undefined);
    this.now();
  }

  now(): number {
    const { host } = this.#options;
    const [hostAt, elapsed] = [host.now(), host.elapsed()];
    const trusted = this.#time + elapsed - this.#elapsed;
    const ahead = hostAt - trusted;
    if (Math.abs(ahead) > toleranceMs && !this.#isFollowed(ahead, hostAt, elapsed)) return trusted;
    return this.#agree(hostAt, elapsed);
  }

  elapsed(): number {
    return this.#options.host.elapsed();
  }

  after(delayMs: number, then: () => void): () => void {
    return this.#options.host.after(delayMs, then);
  }

  get state(): ClockState {
    const trustedAt = this.now();
    if (this.#dispute === undefined) return { kind: 'agreed' };
    return this.#disputed(this.#dispute, this.#options.host.now(), trustedAt);
  }

  /** The jump that was disputed is right. A clock that has moved on since is looked at anew. */
  believe({ byMs }: ClockJump): void {
    this.#agree(this.now() + byMs, this.elapsed());
    this.now();
  }

  /** What is to be kept over a restart, each minute. */
  keep(): KeptTime {
    const time = this.now();
    const { boot } = this.#options;
    const uptimeMs = boot.uptimeMs();
    this.#mark = { time, uptimeMs };
    return { time, boot: boot.id, uptimeMs, dispute: this.#dispute && this.#keptOf(this.#dispute, time, uptimeMs) };
  }

  /** Whether a clock that differs is right all the same; else it is disputed from now on. */
  #isFollowed(ahead: number, hostAt: number, elapsed: number): boolean {
    const offsetMs = hostAt - elapsed;
    const known = this.#dispute;
    if (known !== undefined && Math.abs(known.offsetMs - offsetMs) <= toleranceMs) {
      // So that a clock which is set slowly stays one jump.
      known.offsetMs = offsetMs;
      return false;
    }
    if (this.#wasAbsent(ahead, elapsed) || this.#wasAsleep(hostAt)) return true;
    this.#dispute = { offsetMs, sinceElapsed: elapsed };
    this.#disputedSinceElapsed ??= elapsed;
    this.#options.onChange(this.#disputed(this.#dispute, hostAt, hostAt - ahead));
    return false;
  }

  #disputed({ sinceElapsed }: Dispute, hostAt: number, trustedAt: number): ClockState & { readonly kind: 'disputed' } {
    const elapsed = this.elapsed();
    const stoodMs = elapsed - sinceElapsed;
    const standMs = standFor(hostAt - trustedAt);
    const believedInMs = standMs === undefined ? undefined : Math.max(0, standMs - stoodMs);
    const since = Math.floor(trustedAt - (elapsed - (this.#disputedSinceElapsed ?? sinceElapsed)));
    return { kind: 'disputed', hostAt, trustedAt, stoodMs, believedInMs, since };
  }

  #keptOf(dispute: Dispute, time: number, uptimeMs: number): KeptDispute {
    const { stoodMs, since, hostAt } = this.#disputed(dispute, this.#options.host.now(), time);
    return { offsetMs: hostAt - uptimeMs, stoodMs, disputedMs: time - since };
  }

  #wasAbsent(ahead: number, elapsed: number): boolean {
    return ahead > 0 && ahead <= this.#absenceMs && elapsed - this.#startedElapsed <= settlingMs;
  }

  /** The monotonic clock stands still while a host sleeps, the uptime does not. */
  #wasAsleep(hostAt: number): boolean {
    const byUptime = this.#mark.time + this.#options.boot.uptimeMs() - this.#mark.uptimeMs;
    return Math.abs(hostAt - byUptime) <= toleranceMs;
  }

  #agree(hostAt: number, elapsed: number): number {
    const wasDisputed = this.#dispute !== undefined;
    const hasJumped = wasDisputed || Math.abs(hostAt - (this.#time + elapsed - this.#elapsed)) > toleranceMs;
    this.#time = hostAt;
    this.#elapsed = elapsed;
    this.#absenceMs = 0;
    this.#dispute = undefined;
    this.#disputedSinceElapsed = undefined;
    if (hasJumped) this.#mark = { time: hostAt, uptimeMs: this.#options.boot.uptimeMs() };
    if (wasDisputed) this.#options.onChange({ kind: 'agreed' });
    return hostAt;
  }

  /** @param awayMs how long the program was away; undefined: the kernel was started anew */
  #resume({ offsetMs, stoodMs, disputedMs }: KeptDispute, awayMs: number | undefined): void {
    const { host } = this.#options;
    this.#disputedSinceElapsed = this.#elapsed - disputedMs - (awayMs ?? 0);
    if (awayMs === undefined || Math.abs(host.now() - this.#mark.uptimeMs - offsetMs) > toleranceMs) return;
    this.#dispute = { offsetMs: host.now() - this.#elapsed, sinceElapsed: this.#elapsed - stoodMs - awayMs };
  }
}

/** How long a jump must have stood to be believed by itself; undefined: it never is. */
function standFor(ahead: number): number | undefined {
  if (ahead < -dayMs) return undefined;
  return Math.min(dayMs, Math.max(hourMs, Math.abs(ahead)));
}
