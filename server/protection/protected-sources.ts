import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Network } from '../../shared/network.ts';
import type { ProtectedSet } from '../ledger/ledger.ts';
import type { ProtectedAddresses } from '../policy/protected-addresses.ts';
import type { ProtectedSource } from './protected-source.ts';

/** How a source stands. */
export interface SourceState {
  readonly name: string;
  readonly reason: string;
  /**
   * | kind | protected by it | bans |
   * | --- | --- | --- |
   * | `read` | what it said last, now or before a restart | are put into force |
   * | `unread` | nothing: it never answered | are recorded, and wait |
   * | `waived` | nothing: it never answered, and the configuration or its nature says to go on without | are put into force |
   */
  readonly kind: 'read' | 'unread' | 'waived';
  readonly networks: number;
  /** Why it cannot be read now. `sinceMs` is of the clock's `elapsed`: the first of the reads in a row that failed. */
  readonly failure: { readonly reason: string; readonly sinceMs: number } | undefined;
}

export interface ProtectedSourcesOptions {
  readonly sources: readonly ProtectedSource[];
  /** What the ledger holds. */
  readonly sets: readonly ProtectedSet[];
  readonly addresses: ProtectedAddresses;
  /** Names of sources that nothing waits for. */
  readonly without: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Writes down what a source said. @returns whether that is durable */
  readonly save: (set: ProtectedSet) => Promise<boolean>;
  /** What of a source's answer is not understood. */
  readonly onGaps: (reason: string, gaps: readonly string[]) => void;
  /** Other networks are protected now, or nothing is waited for any more. */
  readonly onChange: () => void;
}

/**
 * What must not be banned, by the sources that know it. What a source said last is protected until it says otherwise, across
 * restarts too. Nothing is put into force before each source was read once: fails closed.
 */
export class ProtectedSources {
  readonly #options: ProtectedSourcesOptions;
  readonly #said = new Map<string, readonly Network[]>();
  /** What the ledger has of each, as one text. */
  readonly #saved = new Map<string, string>();
  readonly #failures = new Map<string, NonNullable<SourceState['failure']>>();
  #without: readonly string[];

  constructor(options: ProtectedSourcesOptions) {
    this.#options = options;
    this.#without = options.without;
    for (const { source, networks } of options.sets) {
      this.#said.set(source, networks);
      this.#saved.set(source, textOf(networks));
    }
    for (const { name, reason } of options.sources) options.addresses.replace(reason, this.#said.get(name) ?? []);
  }

  get states(): readonly SourceState[] {
    return this.#options.sources.map((source) => ({
      name: source.name,
      reason: source.reason,
      kind: this.#kindOf(source),
      networks: this.#said.get(source.name)?.length ?? 0,
      failure: this.#failures.get(source.name),
    }));
  }

  /** Sources that never answered, while bans wait for them. */
  get unread(): readonly ProtectedSource[] {
    return this.#options.sources.filter((source) => this.#kindOf(source) === 'unread');
  }

  /** The configuration was read again. */
  configure(without: readonly string[]): void {
    this.#without = without;
  }

  /** Reads all of them. Never rejects because one does not answer. */
  async read(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => this.#read(source, signal)));
  }

  #kindOf({ name, isGuess }: ProtectedSource): SourceState['kind'] {
    if (this.#said.has(name)) return 'read';
    return isGuess === true || this.#without.includes(name) ? 'waived' : 'unread';
  }

  async #read(source: ProtectedSource, signal: AbortSignal): Promise<void> {
    let networks: readonly Network[] | undefined;
    try {
      networks = await source.read(signal);
    } catch (error) {
      if (!signal.aborted) this.#fail(source, describeError(error));
      return;
    }
    const all = this.#withDoubtful(source, networks ?? this.#said.get(source.name) ?? []);
    this.#take(source, all);
    await this.#save(source.name, all);
  }

  /** As long as something of the answer is not understood, it may be what was understood before. */
  #withDoubtful({ name, reason, unknown }: ProtectedSource, networks: readonly Network[]): readonly Network[] {
    const gaps = unknown?.() ?? [];
    if (unknown !== undefined) this.#options.onGaps(reason, gaps);
    return gaps.length === 0 ? networks : [...new Set([...networks, ...(this.#said.get(name) ?? [])])];
  }

  /** In memory first: what is protected does not wait for the disk. */
  #take({ name, reason }: ProtectedSource, networks: readonly Network[]): void {
    const { addresses, log, onChange } = this.#options;
    if (this.#failures.delete(name)) log.info({ source: name }, 'what must not be banned can be read again');
    const isFirst = !this.#said.has(name);
    this.#said.set(name, networks);
    if (addresses.replace(reason, networks) || isFirst) onChange();
  }

  #fail({ name, reason }: ProtectedSource, error: string): void {
    const { clock, log } = this.#options;
    const before = this.#failures.get(name);
    this.#failures.set(name, { reason: error, sinceMs: before?.sinceMs ?? clock.elapsed() });
    if (before !== undefined) return;
    if (this.#said.has(name))
      log.warn({ source: name, reason, error }, 'cannot be read now: what it said last stays protected');
    else log.error({ source: name, reason, error }, 'never read: bans are recorded, and wait until it is');
  }

  /** Only what has changed; what could not be written is tried again with the next reading. */
  async #save(source: string, networks: readonly Network[]): Promise<void> {
    const text = textOf(networks);
    if (this.#saved.get(source) === text) return;
    if (await this.#options.save({ source, networks })) this.#saved.set(source, text);
  }
}

function textOf(networks: readonly Network[]): string {
  return [...networks].sort().join(' ');
}
