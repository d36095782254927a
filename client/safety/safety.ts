import { type Clock, sleep } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { every } from '../../shared/every.ts';
import type { Log } from '../../shared/host/log.ts';
import { findThrough } from '../../shared/network/embedded-ipv4.ts';
import { type Family, familyOf, type Network, prefixLengthOf } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import type { Refusal } from '../../shared/refusal.ts';
import { specialPurposeNetworks } from '../../shared/special-networks.ts';

/** Networks that the host must be able to reach, found out again with each refresh. */
export interface SafetySource {
  /** Why, as it stands in a refusal: `a default gateway of this host`. */
  readonly reason: string;
  /** Whether a ban that would have hit one of them is worth a warning in the log. */
  readonly warns?: boolean;
  readonly read: (signal: AbortSignal) => Promise<readonly Network[]>;
}

export interface SafetyOptions {
  /** `[agent] whitelist` and `whitelist_file`. */
  readonly whitelist: readonly Network[];
  readonly sources: readonly SafetySource[];
  readonly clock: Clock;
  readonly log: Log;
  /** What is refused has changed: reconcilers are to compare again. */
  readonly onChange: () => void;
}

/** How often {@link Safety.run} looks. */
const refreshMs = 60_000;
/** How long one source may take; a resolver that is not there takes half a minute to say so. */
const readMaxMs = 5_000;
/** Bans that are remembered as warned of. */
const warnedMax = 1_000;

/** Why a network is refused. */
interface Reason {
  readonly code: Refusal['code'];
  /** Behind the network, in a sentence. */
  readonly text: string;
  readonly warns: boolean;
}

const special: Reason = { code: 'special-purpose', text: 'which no attacker can have', warns: false };
const whitelisted: Reason = {
  code: 'whitelisted',
  text: 'which [agent] whitelist of client.ini holds',
  warns: false,
};

/** No server that is in its right mind sends wider ones: its own limits are /16 and /32 unless its operator says otherwise. */
const widest: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };

/** Stands for a source that did not answer in time. */
const late = Symbol('late');

/**
 * What this host must never block, whatever servers say: fail2ban's `banip` asks no `ignoreip`, and a server knows nothing
 * of this host's gateway or of who is logged in here.
 */
export class Safety {
  readonly #options: SafetyOptions;
  /** What each source said last. */
  readonly #found = new Map<SafetySource, readonly Network[]>();
  /** Sources whose last read failed: said once, not each minute. */
  readonly #failing = new Set<SafetySource>();
  readonly #warned = new Set<Network>();
  #reasons: ReadonlyMap<Network, Reason>;
  #index: NetworkIndex;

  constructor(options: SafetyOptions) {
    this.#options = options;
    this.#reasons = this.#gather();
    this.#index = new NetworkIndex(this.#reasons.keys());
  }

  /**
   * Why this host does not block `network`, or undefined when it may: `too-wide`, `special-purpose`, `whitelisted` or
   * `protected`.
   * Counts every shared address, in either direction, and looks through translations to the IPv4 addresses inside.
   */
  refuse(network: Network): Refusal | undefined {
    const found = findThrough(network, (each) => this.#index.overlapping(each));
    const reason = found && this.#reasons.get(found);
    if (reason === undefined) return prefixLengthOf(network) < widest[familyOf(network)] ? tooWide(network) : undefined;
    const refusal = { code: reason.code, detail: `${network} overlaps ${found}, ${reason.text}` };
    if (reason.warns) this.#warn(network, refusal);
    return refusal;
  }

  /** Finds out anew. A source that fails or is late keeps what it said last; never rejects. */
  async refresh(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => this.#read(source, signal)));
    const before = this.#reasons;
    this.#reasons = this.#gather();
    if (hasSameKeys(before, this.#reasons)) return;
    this.#index = new NetworkIndex(this.#reasons.keys());
    for (const network of this.#warned)
      if (this.#index.overlapping(network) === undefined) this.#warned.delete(network);
    this.#options.onChange();
  }

  /** Refreshes at once and then each minute, until aborted. */
  run(signal: AbortSignal): Promise<void> {
    return every(refreshMs, () => this.refresh(signal), this.#options.clock, signal);
  }

  /** Once as long as it is refused: the same bans are asked for again and again. */
  #warn(network: Network, { detail }: Refusal): void {
    if (this.#warned.has(network) || this.#warned.size >= warnedMax) return;
    this.#warned.add(network);
    this.#options.log.warn({ network, detail }, 'a ban is not carried out here');
  }

  async #read(source: SafetySource, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    try {
      const networks = await this.#inTime(source, signal);
      if (networks === late)
        return signal.aborted ? undefined : this.#fail(source, `no answer in ${readMaxMs / 1_000} s`);
      this.#found.set(source, networks);
      if (this.#failing.delete(source)) log.info({ what: source.reason }, 'found out again');
    } catch (error) {
      if (!signal.aborted) this.#fail(source, describeError(error));
    }
  }

  async #inTime(source: SafetySource, signal: AbortSignal): Promise<readonly Network[] | typeof late> {
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const timeIsUp = sleep(this.#options.clock, readMaxMs, either).then((): typeof late => late);
    try {
      return await Promise.race([source.read(either), timeIsUp]);
    } finally {
      ending.abort();
    }
  }

  #fail(source: SafetySource, error: string): void {
    if (this.#failing.has(source)) return;
    this.#failing.add(source);
    this.#options.log.warn({ what: source.reason, error }, 'cannot be found out, what was known stays');
  }

  /** Where several say the same network, the first gives the reason. */
  #gather(): ReadonlyMap<Network, Reason> {
    const reasons = new Map<Network, Reason>();
    const take = (networks: readonly Network[], reason: Reason): void => {
      for (const network of networks) if (!reasons.has(network)) reasons.set(network, reason);
    };
    take(specialPurposeNetworks, special);
    take(this.#options.whitelist, whitelisted);
    for (const source of this.#options.sources) {
      const { reason: text, warns = false } = source;
      take(this.#found.get(source) ?? [], { code: 'protected', text, warns });
    }
    return reasons;
  }
}

function tooWide(network: Network): Refusal {
  return { code: 'too-wide', detail: `${network} is wider than /${widest[4]}, or /${widest[6]} of IPv6` };
}

function hasSameKeys(a: ReadonlyMap<Network, unknown>, b: ReadonlyMap<Network, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((network) => b.has(network));
}
