import type { Network } from '../network.ts';

/** A network about which a firewall does not do what is asked, though it answers. */
export interface RefusedNetwork {
  readonly network: Network;
  readonly reason: string;
}

/** Steps that a firewall rejected, each under a key, and whether their next try is due. */
export class Refusals {
  readonly #refused = new Map<string, RefusedNetwork>();
  /** Keys of those that are not due. */
  readonly #waiting = new Set<string>();

  get all(): readonly RefusedNetwork[] {
    return [...this.#refused.values()];
  }

  get size(): number {
    return this.#refused.size;
  }

  /** Takes a refusal in; its next try is not due. */
  add(key: string, refused: RefusedNetwork): void {
    this.#refused.set(key, refused);
    this.#waiting.add(key);
  }

  reasonOf(key: string): string | undefined {
    return this.#refused.get(key)?.reason;
  }

  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Networks whose next try is not due. */
  get waiting(): ReadonlySet<Network> {
    return new Set([...this.#waiting].flatMap((key) => this.#refused.get(key)?.network ?? []));
  }

  delete(key: string): void {
    this.#refused.delete(key);
    this.#waiting.delete(key);
  }

  /** Forgets all others. */
  keep(isKept: (refused: RefusedNetwork, key: string) => boolean): void {
    for (const [key, refused] of this.#refused) if (!isKept(refused, key)) this.delete(key);
  }

  /** Makes the next try of each due. */
  allDue(): void {
    this.#waiting.clear();
  }
}
