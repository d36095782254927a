import type { Database, Statement } from './database.ts';
import {
  type Change,
  type Client,
  type HistoryEntry,
  type OtherChange,
  type Report,
  type ReportChange,
  streamsPerClientMax,
} from './ledger.ts';
import { readHistoryRow } from './read-rows.ts';
import { endCell, RowWriter } from './rows.ts';

/** The statements that change the tables. Every method runs inside the caller's transaction. */
export class Tables {
  readonly #reports: RowWriter;
  readonly #history: RowWriter;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database) {
    this.#reports = new RowWriter(database, 'INSERT OR REPLACE INTO report', 8);
    this.#history = new RowWriter(database, 'INSERT INTO history', 10);
    this.#statements = prepareStatements(database);
  }

  readSequence(): number {
    const row = this.#statements.getSetting.get('sequence');
    return typeof row === 'object' && row !== null && 'value' in row ? Number(row.value) : 0;
  }

  writeSequence(sequence: number): void {
    this.#statements.setSetting.run('sequence', String(sequence));
  }

  /** Where one commit touches a report more than once, only the last change of it is written. */
  write(changes: readonly Change[], sequenceOf: ReadonlyMap<Change, number>, at: number): void {
    const lastOfReport = new Map<string, ReportChange>();
    for (const change of changes) {
      if ('report' in change) lastOfReport.set(keyOf(change.report), change);
      else this.#writeOne(change, at);
    }
    for (const change of lastOfReport.values()) this.#writeReport(change, sequenceOf.get(change) ?? 0);
    this.#reports.flush();
  }

  writeHistory(entries: readonly HistoryEntry[]): void {
    for (const { sequence, at, kind, network, client, jail, source, endsAt, actor, reason } of entries) {
      const end = endsAt === undefined ? null : endCell(endsAt);
      const about = [network ?? null, client ?? null, jail ?? null, source ?? null] as const;
      this.#history.add(sequence, at, kind, ...about, end, actor === client ? null : actor, reason ?? null);
    }
    this.#history.flush();
  }

  /** Forgets what a failed transaction left half gathered. */
  clear(): void {
    this.#reports.clear();
    this.#history.clear();
  }

  changesAfter(sequence: number, most: number): HistoryEntry[] {
    return this.#statements.changesAfter.all(sequence, most).map(readHistoryRow);
  }

  prune(before: number): number {
    const result = this.#statements.prune.run(before);
    return typeof result === 'object' && result !== null && 'changes' in result ? Number(result.changes) : 0;
  }

  #writeReport({ kind, report }: ReportChange, sequence: number): void {
    const { network, client, jail, source, reportedAt, endsAt } = report;
    if (kind === 'withdrawn') this.#statements.withdraw.run(network, client, jail);
    else {
      const isLifted = kind === 'lifted' ? 1 : 0;
      this.#reports.add(network, client, jail, source, reportedAt, endCell(endsAt), isLifted, sequence);
    }
  }

  #writeOne(change: OtherChange, at: number): void {
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
      case 'advanced':
        this.#statements.advance.run(change.client, change.stream, change.number, at);
        if (change.isNew) this.#statements.forgetStreams.run(change.client, change.client, streamsPerClientMax);
        break;
    }
  }

  #writeClient({ name, may, jails, description, addedAt, keys }: Client): void {
    this.#statements.putClient.run(name, may.join(','), jails.join(','), description, addedAt);
    this.#statements.removeKeys.run(name);
    for (const key of keys) this.#statements.putKey.run(name, key.id, key.secret, endCell(key.endsAt));
  }

  #removeClient(name: string): void {
    this.#statements.removeClient.run(name);
    this.#statements.removeKeys.run(name);
    this.#statements.removeStreams.run(name);
  }
}

function prepareStatements(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    withdraw: prepare('DELETE FROM report WHERE network = ? AND client = ? AND jail = ?'),
    allow: prepare('INSERT OR REPLACE INTO whitelist VALUES (?, ?, ?, ?)'),
    disallow: prepare('DELETE FROM whitelist WHERE network = ?'),
    putClient: prepare('INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?)'),
    removeClient: prepare('DELETE FROM client WHERE name = ?'),
    putKey: prepare('INSERT INTO client_key VALUES (?, ?, ?, ?)'),
    removeKeys: prepare('DELETE FROM client_key WHERE client = ?'),
    removeStreams: prepare('DELETE FROM stream WHERE client = ?'),
    advance: prepare('INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)'),
    forgetStreams: prepare(
      'DELETE FROM stream WHERE client = ? AND id NOT IN (SELECT id FROM stream WHERE client = ? ORDER BY used_at DESC LIMIT ?)',
    ),
    getSetting: prepare('SELECT value FROM setting WHERE name = ?'),
    setSetting: prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)'),
    changesAfter: prepare(
      "SELECT * FROM history WHERE sequence > ? AND kind IN ('reported', 'withdrawn') ORDER BY sequence LIMIT ?",
    ),
    prune: prepare('DELETE FROM history WHERE at < ?'),
  };
}

function keyOf({ network, client, jail }: Report): string {
  return `${network} ${client} ${jail}`;
}
