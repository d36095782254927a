import { createHash } from 'node:crypto';
import type { HeldEntry } from '../../../shared/enforcer.ts';
import type { Network } from '../../../shared/network.ts';
import { plural } from '../../../shared/plural.ts';

/** The id by which a command names entries whose mark names no ledger. */
export const oldMarksId = 'old';

/** Other ledgers of which it is remembered what they had at first; those that are gone are forgotten before. */
const rememberedMax = 100;

/** What stands in a firewall by the hand of fail2networkban, and is not looked after by this server. */
export interface StrayEntries {
  /** `k3x9`: of that ledger; `old`: their mark names none. */
  readonly id: string;
  /** Of this very ledger, which knows nothing of them: it was restored, or its history does not reach so far. */
  readonly isOwn: boolean;
  /** They have changed since the start: another server looks after them. */
  readonly isAlive: boolean;
  readonly entries: readonly HeldEntry[];
}

/** What such entries are, with how many there are. */
export function describeStrays(count: number, id: string, isOwn: boolean): string {
  const entries = plural(count, 'entry', 'entries');
  if (isOwn) return `${entries} of this ledger (${id}) of which it knows nothing: it was restored, or has forgotten`;
  if (id === oldMarksId)
    return `${entries} of an older version, without the id of a ledger; this one knows nothing of it`;
  return `${entries} of ledger ${id}, which this server does not hold`;
}

/** The strays of one firewall, found anew with each list of it. */
export class StrayList {
  #all: readonly StrayEntries[] = [];
  #found = new Map<string, HeldEntry[]>();
  /** Of all of them. */
  readonly networks = new Set<Network>();
  /** By id, a digest of what was there at first. */
  readonly #atFirst = new Map<string, string>();
  readonly #alive = new Set<string>();

  get all(): readonly StrayEntries[] {
    return this.#all;
  }

  begin(): void {
    this.#found = new Map();
    this.networks.clear();
  }

  add(id: string, entry: HeldEntry): void {
    this.networks.add(entry.network);
    const entries = this.#found.get(id);
    if (entries === undefined) this.#found.set(id, [entry]);
    else entries.push(entry);
  }

  /** @param ownId of this ledger */
  end(ownId: string): void {
    this.#all = Array.from(this.#found, ([id, entries]) => {
      const isOwn = id === ownId;
      return { id, isOwn, isAlive: !isOwn && this.#isAlive(id, entries), entries };
    });
    this.#forgetGone();
  }

  /** One whose entries are all gone for a moment is still known as alive when they come again. */
  #forgetGone(): void {
    const gone = [...this.#atFirst.keys()].filter((id) => !this.#found.has(id));
    for (const id of gone.slice(0, Math.max(0, this.#atFirst.size - rememberedMax))) {
      this.#atFirst.delete(id);
      this.#alive.delete(id);
    }
  }

  #isAlive(id: string, entries: readonly HeldEntry[]): boolean {
    const seen = digestOf(entries);
    const atFirst = this.#atFirst.get(id) ?? seen;
    this.#atFirst.set(id, atFirst);
    if (atFirst !== seen) this.#alive.add(id);
    return this.#alive.has(id);
  }
}

function digestOf(entries: readonly HeldEntry[]): string {
  const hash = createHash('sha256');
  for (const { spelling } of entries) hash.update(`${spelling} `);
  return hash.digest('base64url');
}
