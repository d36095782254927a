import { type Network, parseNetwork } from '../../../shared/network.ts';

/** The tables of pf: what really blocks. All is gone with a reboot. */
export class PfTables {
  readonly #tables = new Map<string, Set<Network>>();
  /** Entries of all tables together (`set limit table-entries`). */
  limit = 1_000_000;
  /** pfctl fails, and nobody looks at what it said. */
  isDeaf = false;

  get names(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** As `pfctl -T show` prints it: canonical, and without /32 and /128. */
  show(table: string): readonly string[] {
    return [...(this.#tables.get(table) ?? [])].sort();
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  /** `table <x> persist`: kept when it is there. */
  declare(table: string): void {
    if (!this.#tables.has(table)) this.#tables.set(table, new Set());
  }

  drop(table: string): void {
    this.#tables.delete(table);
  }

  add(table: string, text: string): void {
    const network = parseNetwork(text);
    const entries = this.#tables.get(table);
    if (this.isDeaf || entries === undefined || network === undefined || this.size >= this.limit) return;
    entries.add(network);
  }

  /** Needs the very spelling that `show` prints; anything else does nothing. */
  remove(table: string, spelling: string): void {
    const entries = this.#tables.get(table);
    for (const network of entries ?? []) if (network === spelling) entries?.delete(network);
  }

  flush(table: string): void {
    this.#tables.get(table)?.clear();
  }

  /** `pfctl -T replace`. @returns false when they do not fit, and all stays as it was */
  replace(table: string, texts: readonly string[]): boolean {
    const networks = texts.map(parseNetwork).filter((network) => network !== undefined);
    const others = this.size - (this.#tables.get(table)?.size ?? 0);
    if (others + networks.length > this.limit) return false;
    if (!this.isDeaf) this.#tables.set(table, new Set(networks));
    return true;
  }

  clear(): void {
    this.#tables.clear();
  }

  get size(): number {
    let size = 0;
    for (const entries of this.#tables.values()) size += entries.size;
    return size;
  }
}
