import { Backoff } from '../../../shared/backoff.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Step } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import { plural } from '../../../shared/plural.ts';

/** The first look follows a change this soon; those after a change that got lost come later each time. */
const lookBounds = { leastMs: 5_000, mostMs: 300_000 };
/** So many changes between two lists are looked at: the reconciler compares all the same. */
export const secondLookMost = 10_000;
/** Once may be a reboot, or somebody's hand. */
const lossesBeforeComplaint = 2;

/**
 * OPNsense says "done" whatever pf made of it. So a list follows soon after changes, and changes that it does not show, twice
 * in a row, are a failure for the operator to see: pf's limit of entries may be reached.
 */
export class SecondLook {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #relist: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  /** What should be in or out since the last list; of more than {@link secondLookMost} some. */
  readonly #changes = new Map<Network, Step['verb']>();
  #losses = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#backoff = new Backoff(lookBounds, random);
  }

  /** Who lists. Without it the next list comes when it comes. */
  by(relist: () => void): void {
    this.#relist = relist;
  }

  /** These were carried out, as OPNsense says. */
  changed(steps: Iterable<Step>): void {
    for (const { verb, entry } of steps) {
      if (this.#changes.size < secondLookMost) this.#changes.set(entry.network, verb);
    }
    const relist = this.#relist;
    if (relist === undefined || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(this.#backoff.next(), () => {
      this.#cancel = undefined;
      relist();
    });
  }

  /** @throws EnforcerError `retry` when pf keeps losing what OPNsense said it has done */
  compare(listed: ReadonlySet<Network>): void {
    if (this.#changes.size === 0) return;
    const lost = [...this.#changes].filter(([network, verb]) => listed.has(network) !== (verb === 'add'));
    this.#changes.clear();
    const [first] = lost;
    this.#losses = first === undefined ? 0 : this.#losses + 1;
    if (this.#losses === 0) this.#backoff.reset();
    if (first === undefined || this.#losses < lossesBeforeComplaint) return;
    const [network, verb] = first;
    throw new EnforcerError(
      'retry',
      `${plural(lost.length, 'change')} that OPNsense says it has made are not in pf, as ${verb} ${network}: is pf full (Firewall, Settings, Advanced, Firewall Maximum Table Entries)?`,
    );
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
