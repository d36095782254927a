import type { Clock } from '../../../shared/clock.ts';
import type { Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import { noteOwner, type Owner } from '../owner.ts';
import type { Hook, NftablesSettings } from './nftables-settings.ts';
import { refuseOwner } from './owner-mark.ts';
import { setOf } from './prefix-set.ts';
import { type RunNft, TransactionTooLargeError } from './run-nft.ts';
import { changeLines, repairLines } from './scripts.ts';
import { type HeldTables, readTables, type TableContent, tableOf, uniteTables } from './tables.ts';

export interface NftablesOptions {
  readonly clock: Clock;
  readonly run: RunNft;
  /** Whose the tables are. @throws Error of the file system */
  readonly owner: () => Promise<Owner>;
}

/**
 * This host's own packet filter. Drops what comes from the entries, in tables of its own that stay when the agent stops or
 * dies; the kernel ends each entry by itself. Every call of `apply` is one transaction, in all tables together, unless the
 * kernel takes only less at once.
 */
export function openNftables(settings: NftablesSettings, options: NftablesOptions): Enforcer {
  return new Nftables(settings, options);
}

class Nftables implements Enforcer {
  readonly name = 'nftables';
  readonly isTimed = true;
  /** A ban that comes behind so many waits for less than 200 ms. */
  readonly stepsPerCall = 10_000;
  readonly #settings: NftablesSettings;
  readonly #options: NftablesOptions;
  /** What every table holds, as last seen and with what was done since; undefined after a failure. */
  #known: TableContent | undefined;
  /** Hooks whose table had our mark. */
  readonly #ours = new Set<Hook>();

  constructor(settings: NftablesSettings, options: NftablesOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  /** Makes the tables where they are absent, and heals them. */
  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const { ends } = await this.#look(signal);
    return Array.from(ends, ([network, endsAt]) => ({ network, spelling: network, owner: 'ours', endsAt }));
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const known = this.#known ?? (await this.#look(signal));
    this.#known = undefined;
    await this.#change(known, steps, signal);
    this.#known = known;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #look(signal: AbortSignal): Promise<TableContent> {
    const { clock, run } = this.#options;
    const now = clock.now();
    const owner = await noteOwner(this.#options.owner);
    const held = this.#ownOf(await readTables(run, now, signal), owner);
    const known = uniteTables(held);
    await this.#commit(repairLines(held, { known, tables: this.#settings.hooks, owner, now }), signal);
    for (const hook of this.#settings.hooks) this.#ours.add(hook);
    this.#known = known;
    return known;
  }

  /** @throws EnforcerError when a table that is wanted is another agent's; one that is not wanted is none of ours */
  #ownOf(tables: HeldTables, owner: Owner): HeldTables {
    const isWanted = (hook: Hook): boolean => this.#settings.hooks.includes(hook);
    return new Map(
      Array.from(tables).filter(([hook, { owners }]) => {
        const refusal = refuseOwner(tableOf[hook], owners, { owner, wasOurs: this.#ours.has(hook) });
        if (refusal !== undefined && isWanted(hook)) throw refusal;
        return refusal === undefined;
      }),
    );
  }

  /** In halves where it must be: in a container without privileges net.core.wmem_max bounds a transaction. */
  async #change(known: TableContent, steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const situation = {
      known,
      tables: this.#settings.hooks,
      owner: await noteOwner(this.#options.owner),
      now: this.#options.clock.now(),
    };
    try {
      await this.#commit(changeLines(steps, situation), signal);
      remember(known, steps);
    } catch (error) {
      if (!(error instanceof TransactionTooLargeError) || steps.length === 1) throw error;
      const middle = Math.ceil(steps.length / 2);
      await this.#change(known, steps.slice(0, middle), signal);
      await this.#change(known, steps.slice(middle), signal);
    }
  }

  async #commit(lines: readonly string[], signal: AbortSignal): Promise<void> {
    if (lines.length > 0) await this.#options.run(['-f', '-'], `${lines.join('\n')}\n`, signal);
  }
}

function remember({ sets, ends }: TableContent, steps: readonly Step[]): void {
  for (const step of steps) {
    const { network } = step.entry;
    const set = setOf(network);
    sets.set(set.name, set);
    if (step.verb === 'add') ends.set(network, step.entry.endsAt);
    else ends.delete(network);
  }
}
