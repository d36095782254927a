import type { Log } from '../../shared/host/log.ts';

/** What belongs to the protected sets and could not be resolved: as long as there is any, nobody can say that all is protected. */
export class ProtectionGaps {
  readonly #unknown = new Map<string, readonly string[]>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes in what one source could not resolve; a change of it has a line in the log. */
  note(reason: string, unknown: readonly string[]): void {
    const before = this.#unknown.get(reason) ?? [];
    this.#unknown.set(reason, unknown);
    if (before.join() === unknown.join()) return;
    if (unknown.length > 0) this.#log.warn({ reason, unknown }, 'not all is known that must not be banned');
    else this.#log.info({ reason }, 'all is known again that must not be banned');
  }

  /** Each with the source that it belongs to. */
  list(): readonly { readonly reason: string; readonly unknown: readonly string[] }[] {
    return [...this.#unknown].flatMap(([reason, unknown]) => (unknown.length > 0 ? [{ reason, unknown }] : []));
  }
}
