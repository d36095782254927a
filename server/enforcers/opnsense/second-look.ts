import { Backoff } from '../../../shared/backoff.ts';
import type { Clock } from '../../../shared/clock.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';

/** The first look follows a change this soon; those after a change that got lost come later each time. */
const lookBounds = { leastMs: 5_000, mostMs: 300_000 };
/** Once may be a reboot, or somebody's hand. */
const lossesBeforeComplaint = 2;

/**
 * OPNsense says "done" whatever pf made of it. So a list follows soon after changes, and additions that are missing in it,
 * twice in a row, are a failure for the operator to see: pf's limit of entries may be reached.
 */
export class SecondLook {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #relist: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  /** Additions since the last list: no more than the enforcer may hold. */
  readonly #added = new Set<Network>();
  #losses = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#backoff = new Backoff(lookBounds, random);
  }

  /** Who lists. Without it the next list comes when it comes. */
  by(relist: () => void): void {
    this.#relist = relist;
  }

  /** @param added the additions among the changes */
  changed(added: Iterable<Network>): void {
    for (const network of added) this.#added.add(network);
    const relist = this.#relist;
    if (relist === undefined || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(this.#backoff.next(), () => {
      this.#cancel = undefined;
      relist();
    });
  }

  /** What was added and is not to be there any more. */
  forget(network: Network): void {
    this.#added.delete(network);
  }

  /** @throws EnforcerError `retry` when pf keeps losing what OPNsense said it has */
  compare(listed: ReadonlySet<Network>): void {
    if (this.#added.size === 0) return;
    const lost = [...this.#added].filter((network) => !listed.has(network));
    this.#added.clear();
    this.#losses = lost.length === 0 ? 0 : this.#losses + 1;
    if (this.#losses === 0) this.#backoff.reset();
    if (this.#losses < lossesBeforeComplaint) return;
    throw new EnforcerError(
      'retry',
      `OPNsense says that it has added ${lost.length} entries, such as ${lost[0]}, but pf has not: is its limit reached (Firewall, Settings, Advanced, Firewall Maximum Table Entries)?`,
    );
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
