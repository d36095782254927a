import type { Clock } from '../../shared/clock.ts';
import type { ClockJump } from '../../shared/trusted-clock.ts';
import type { Clients } from '../clients.ts';
import type { Draft } from '../draft.ts';
import type { Client, ClientKey, Ledger, Report } from '../ledger/ledger.ts';
import type { Whitelist } from '../policy/whitelist.ts';
import type { WhitelistNames } from '../policy/whitelist-names.ts';
import type { KnownHosts } from '../protection/known-hosts.ts';
import type { Record } from '../record.ts';
import type { StandingBans } from '../standing-bans.ts';

export interface MovingEndsParts {
  readonly ledger: Pick<Ledger, 'history'>;
  readonly record: Record;
  readonly standing: StandingBans;
  readonly whitelist: Whitelist;
  readonly whitelistNames: Pick<WhitelistNames, 'timed'>;
  readonly clients: Clients;
  readonly hosts: Pick<KnownHosts, 'move'>;
  readonly clock: Clock;
}

/** Whoever makes the change, as history shows it. */
const actor = 'server';
/** So many reports move at once, in turn with what hosts send. */
const perWrite = 500;
/** The turns of the moving; no host has such a name. */
const movingTurns = '/clock';
/** Entries of history that are read at once. */
const perPage = 1_000;

/**
 * What was recorded while a jump of the clock was disputed was recorded by the time before the jump. When the jump is believed
 * after all, its ends move along, or they would come early by all of it.
 *
 * ```
 *           disputed from here          believed
 * time  ────────┬───── ban for 10 min ─────┐ 60 days
 *               │      |─────────────|     └───────┬──────────────▶
 *               │                          moved:  |─────────────|
 * ```
 */
export class MovingEnds {
  readonly #parts: MovingEndsParts;
  readonly #jump: ClockJump;
  /** Those that moved. What takes the place of one is new, and has to move too. */
  readonly #moved = new Map<string, number>();

  constructor(parts: MovingEndsParts, jump: ClockJump) {
    this.#parts = parts;
    this.#jump = jump;
  }

  get jump(): ClockJump {
    return this.#jump;
  }

  /** Moves all there is; then the jump can be believed. @throws LedgerError: what is left is moved when it is called again */
  async move(): Promise<void> {
    for (let left = this.#left(); left.length > 0; left = this.#left()) await this.#moveReports(left);
    await this.#parts.record.write((draft) => this.#moveAllowed(draft));
    await this.#moveKeys();
    this.#parts.hosts.move(this.#jump);
  }

  /** Moves what was recorded beside {@link move}. To be called at once when the jump is believed. @throws LedgerError */
  async moveRest(): Promise<void> {
    await this.#moveReports(this.#left());
  }

  #left(): Report[] {
    const left: Report[] = [];
    for (const report of this.#parts.standing.reports())
      if (this.#isLeft(keyOf(report), report.reportedAt, report.endsAt)) left.push(report);
    return left;
  }

  /** Whether it ends, is from the time of the dispute, and was not moved. */
  #isLeft(key: string, at: number, endsAt: number): boolean {
    return at >= this.#jump.since && Number.isFinite(endsAt) && this.#moved.get(key) !== at;
  }

  async #moveReports(reports: readonly Report[]): Promise<void> {
    const { record } = this.#parts;
    const { byMs } = this.#jump;
    for (let from = 0; from < reports.length; from += perWrite) {
      const some = reports.slice(from, from + perWrite);
      await record.write((draft) => draft.moveAll(some, byMs, actor), { client: movingTurns, cost: some.length });
      for (const report of some) this.#moved.set(keyOf(report), report.reportedAt + byMs);
    }
  }

  #moveAllowed(draft: Draft): void {
    const { whitelist, whitelistNames } = this.#parts;
    for (const entry of whitelist.timed)
      if (this.#isLeft(entry.network, entry.addedAt, entry.endsAt))
        draft.add({ kind: 'allowed', entry: this.#later(entry.network, entry), actor });
    for (const entry of whitelistNames.timed)
      if (this.#isLeft(entry.name, entry.addedAt, entry.endsAt))
        draft.add({ kind: 'name-allowed', entry: this.#later(entry.name, entry) });
  }

  #later<Entry extends { readonly addedAt: number; readonly endsAt: number }>(key: string, entry: Entry): Entry {
    const { byMs } = this.#jump;
    const addedAt = entry.addedAt + byMs;
    this.#moved.set(key, addedAt);
    return { ...entry, addedAt, endsAt: entry.endsAt + byMs };
  }

  /** The old keys of clients that were changed during the dispute: when a key was retired is written nowhere else. */
  async #moveKeys(): Promise<void> {
    const { record, clients, clock } = this.#parts;
    const retiring = clients.list().filter(({ keys }) => keys.some((key) => isRetired(key, clock.now())));
    for (const { name } of retiring) {
      if (this.#moved.has(name) || !(await this.#wasChanged(name))) continue;
      await record.write((draft) => {
        const client = draft.clientAfter(name, clients.get(name));
        if (client !== undefined) draft.add({ kind: 'enrolled', client: this.#withLaterKeys(client), actor });
      });
      this.#moved.set(name, this.#jump.since);
    }
  }

  async #wasChanged(client: string): Promise<boolean> {
    let before: number | undefined;
    do {
      const place = before === undefined ? {} : { before };
      const page = await this.#parts.ledger.history({ client, since: this.#jump.since, most: perPage, ...place });
      if (page.some(({ kind }) => kind === 'enrolled')) return true;
      before = page.length < perPage ? undefined : page.at(-1)?.sequence;
    } while (before !== undefined);
    return false;
  }

  #withLaterKeys(client: Client): Client {
    const keys = client.keys.map((key) => ({ ...key, endsAt: key.endsAt + this.#jump.byMs }));
    return { ...client, keys };
  }
}

/** Whether it ends, and has not yet. */
function isRetired({ endsAt }: ClientKey, now: number): boolean {
  return Number.isFinite(endsAt) && endsAt > now;
}

function keyOf({ network, client, jail }: Report): string {
  return `${network} ${client} ${jail}`;
}
