import { limits } from '../shared/limits.ts';
import { familyOf, type Network, networkFrom, rangeOf } from '../shared/network.ts';

/** Counts connections that have not logged in, so that nobody without a key can use up the server. */
export class Strangers {
  readonly #byNeighbourhood = new Map<string, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @returns what to call when the connection has logged in or is gone, or undefined when there are too many */
  admit(address: Network | undefined): (() => void) | undefined {
    const neighbourhood = address === undefined ? 'unknown' : neighbourhoodOf(address);
    const here = this.#byNeighbourhood.get(neighbourhood) ?? 0;
    if (this.#count >= limits.strangersMax || here >= limits.strangersPerAddressMax) return undefined;
    this.#count += 1;
    this.#byNeighbourhood.set(neighbourhood, here + 1);
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      this.#leave(neighbourhood);
    };
  }

  #leave(neighbourhood: string): void {
    this.#count -= 1;
    const left = (this.#byNeighbourhood.get(neighbourhood) ?? 1) - 1;
    if (left === 0) this.#byNeighbourhood.delete(neighbourhood);
    else this.#byNeighbourhood.set(neighbourhood, left);
  }
}

/** One host has a whole IPv6 /64 to itself. */
function neighbourhoodOf(address: Network): Network {
  return familyOf(address) === 4 ? address : networkFrom(6, rangeOf(address).first, 64);
}
