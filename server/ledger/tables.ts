import { formatLabels } from '../../shared/labels.ts';
import type { Database } from './database.ts';
import { historyOf } from './history-of.ts';
import {
  type AdvancedChange,
  type Change,
  type Client,
  type HistoryEntry,
  type OtherChange,
  type Report,
  streamsPerClientMax,
} from './ledger.ts';
import { type Cell, endCell, RowWriter } from './rows.ts';

/** Which history is kept: not before an instant, and at most so many entries up to the last number. */
export interface Bounds {
  readonly before: number;
  readonly most: number;
  readonly last: number;
}

/** The statements that change the tables. Every method runs inside the caller's transaction. */
export class Tables {
  readonly #database: Database;
  readonly #history: RowWriter;
  readonly #ended: RowWriter;
  readonly #streams: RowWriter;
  readonly #statements: Statements;

  private constructor(database: Database, writers: readonly [RowWriter, RowWriter, RowWriter], statements: Statements) {
    this.#database = database;
    [this.#history, this.#ended, this.#streams] = writers;
    this.#statements = statements;
  }

  static async prepare(database: Database): Promise<Tables> {
    const ended = (rows: string): string => `UPDATE history SET stands = 0 WHERE sequence IN (VALUES ${rows})`;
    const writers = [
      await RowWriter.prepare(database, 13, (rows) => `INSERT INTO history VALUES ${rows}`),
      await RowWriter.prepare(database, 1, ended),
      await RowWriter.prepare(database, 4, (rows) => `INSERT OR REPLACE INTO stream VALUES ${rows}`),
    ] as const;
    return new Tables(database, writers, await prepareStatements(database));
  }

  begin(): void {
    this.#statements.begin.run();
  }

  /** Forgets what a transaction that failed left half gathered. */
  clear(): void {
    this.#history.clear();
    this.#ended.clear();
    this.#streams.clear();
  }

  /**
   * Writes what stands in history, from this sequence number on.
   *
   * @returns how many numbers that took
   */
  writeHistory(changes: readonly Change[], first: number, at: number): number {
    const ended = this.#endReports(changes);
    let sequence = first;
    for (const change of changes) {
      const entry = historyOf(change, sequence, at);
      if (entry === undefined) continue;
      this.#history.add(...historyCells(entry, change, ended));
      sequence += 1;
    }
    this.#history.flush();
    return sequence - first;
  }

  /** Everything but reports, in its order. */
  writeOthers(changes: readonly Change[], at: number): void {
    let advances: AdvancedChange[] = [];
    for (const change of changes) {
      if ('report' in change) continue;
      if (change.kind === 'advanced') advances.push(change);
      else {
        this.#advance(advances, at);
        advances = [];
        this.#writeOther(change);
      }
    }
    this.#advance(advances, at);
  }

  /**
   * Forgets history, and keeps the number of the last change, which may have been in there. Millions of rows take
   * seconds, so it is done on the library's thread.
   *
   * @returns how many entries went
   */
  async prune({ before, most, last }: Bounds): Promise<number> {
    this.#statements.setSetting.run('sequence', String(last));
    const isOld = `(at < ${Math.floor(before)} OR sequence <= ${last - most})`;
    await this.#database.exec(`DELETE FROM history WHERE ${isOld} AND stands = 0`);
    const row = this.#statements.countChanges.get();
    return typeof row === 'object' && row !== null && 'count' in row ? Number(row.count) : 0;
  }

  /** @returns the reports that these changes make and end again; those from before stand no longer */
  #endReports(changes: readonly Change[]): ReadonlySet<Report> {
    const own = new Set<Report>();
    for (const change of changes) {
      const report = endedBy(change);
      if (report?.sequence !== undefined) this.#ended.add(report.sequence);
      else if (report !== undefined) own.add(report);
    }
    this.#ended.flush();
    return own;
  }

  #advance(advances: readonly AdvancedChange[], at: number): void {
    for (const { client, stream, number } of advances) this.#streams.add(client, stream, number, at);
    this.#streams.flush();
    for (const { client, isNew } of advances)
      if (isNew) this.#statements.forgetStreams.run(client, client, streamsPerClientMax);
  }

  #writeOther(change: OtherChange): void {
    const { allow, disallow, setSetting } = this.#statements;
    switch (change.kind) {
      case 'allowed':
        allow.run(change.entry.network, change.entry.addedAt, endCell(change.entry.endsAt), change.entry.note);
        break;
      case 'disallowed':
        disallow.run(change.network);
        break;
      case 'enrolled':
        this.#writeClient(change.client);
        break;
      case 'revoked':
        this.#removeClient(change.client);
        break;
      case 'paused':
      case 'resumed':
        setSetting.run('paused', change.kind === 'paused' ? 'yes' : 'no');
        break;
    }
  }

  #writeClient({ name, may, jails, follows, description, addedAt, keys }: Client): void {
    this.#statements.putClient.run(name, may.join(','), jails.join(','), follows.join(','), description, addedAt);
    this.#statements.removeKeys.run(name);
    for (const key of keys) this.#statements.putKey.run(name, key.id, key.secret, endCell(key.endsAt));
  }

  #removeClient(name: string): void {
    this.#statements.removeClient.run(name);
    this.#statements.removeKeys.run(name);
    this.#statements.removeStreams.run(name);
  }
}

function endedBy(change: Change): Report | undefined {
  if (!('report' in change)) return undefined;
  return change.kind === 'withdrawn' ? change.report : change.replaces;
}

function historyCells(entry: HistoryEntry, change: Change, ended: ReadonlySet<Report>): readonly Cell[] {
  const { sequence, at, kind, network = null, client = null, jail = null, source = null, reason = null } = entry;
  const report = 'report' in change ? change.report : undefined;
  const stands = report !== undefined && change.kind !== 'withdrawn' && !ended.has(report);
  const endsAt = entry.endsAt === undefined ? null : endCell(entry.endsAt);
  const actor = entry.actor === client ? null : entry.actor;
  const reportedAt = report?.reportedAt ?? null;
  const labels = report?.labels === undefined ? null : formatLabels(report.labels);
  return [sequence, at, kind, network, client, jail, source, reportedAt, endsAt, labels, actor, reason, stands ? 1 : 0];
}

type Statements = Awaited<ReturnType<typeof prepareStatements>>;

async function prepareStatements(database: Database) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    begin: await prepare('BEGIN IMMEDIATE'),
    allow: await prepare('INSERT OR REPLACE INTO whitelist VALUES (?, ?, ?, ?)'),
    disallow: await prepare('DELETE FROM whitelist WHERE network = ?'),
    putClient: await prepare('INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?)'),
    removeClient: await prepare('DELETE FROM client WHERE name = ?'),
    putKey: await prepare('INSERT INTO client_key VALUES (?, ?, ?, ?)'),
    removeKeys: await prepare('DELETE FROM client_key WHERE client = ?'),
    removeStreams: await prepare('DELETE FROM stream WHERE client = ?'),
    forgetStreams: await prepare(
      'DELETE FROM stream WHERE client = ? AND id NOT IN (SELECT id FROM stream WHERE client = ? ORDER BY used_at DESC LIMIT ?)',
    ),
    setSetting: await prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)'),
    countChanges: await prepare('SELECT changes() AS count'),
  };
}
