import { formatLabels } from '../../shared/labels.ts';
import type { Database } from './database.ts';
import { historyOf } from './history-of.ts';
import { digestOfReport } from './integrity/digests.ts';
import type { Tally } from './integrity/seal.ts';
import type { Change, HistoryEntry, Report } from './ledger.ts';
import { type Cell, endCell, RowWriter, sourceCell } from './rows.ts';

/** What changes added to history. */
export interface Written {
  /** Sequence numbers that were taken. */
  readonly numbers: number;
  /** Reports that stand now and did not before, less those that did and do not. */
  readonly reports: Tally;
}

/** Writes changes into the table `history`. Every method runs inside the caller's transaction. */
export class HistoryWriter {
  readonly #entries: RowWriter;
  readonly #bans: RowWriter;
  readonly #ended: RowWriter;
  #count = 0;
  #sum = 0;

  private constructor(entries: RowWriter, bans: RowWriter, ended: RowWriter) {
    this.#entries = entries;
    this.#bans = bans;
    this.#ended = ended;
  }

  static async prepare(database: Database): Promise<HistoryWriter> {
    const insert = (rows: string): string => `INSERT INTO history VALUES ${rows}`;
    const end = (rows: string): string => `UPDATE history SET stands = 0 WHERE sequence IN (VALUES ${rows})`;
    return new HistoryWriter(
      await RowWriter.prepare(database, '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', insert),
      await RowWriter.prepare(database, "(?, ?, 'reported', ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, 1, ?)", insert),
      await RowWriter.prepare(database, '(?)', end),
    );
  }

  /** Forgets what a transaction that failed left half gathered. */
  clear(): void {
    this.#entries.clear();
    this.#bans.clear();
    this.#ended.clear();
  }

  /** Writes what stands in history, from this sequence number on. */
  write(changes: readonly Change[], first: number, at: number): Written {
    this.#count = 0;
    this.#sum = 0;
    const ended = this.#endReports(changes);
    let sequence = first;
    for (const change of changes) {
      const ban = plainBan(change, ended);
      const entry = ban === undefined ? historyOf(change, sequence, at) : undefined;
      if (ban !== undefined) this.#addBan(ban, sequence, at);
      else if (entry !== undefined) this.#addEntry(entry, change, ended);
      else continue;
      sequence += 1;
    }
    this.#bans.flush();
    this.#entries.flush();
    return { numbers: sequence - first, reports: { count: this.#count, sum: this.#sum } };
  }

  #addEntry(entry: HistoryEntry, change: Change, ended: ReadonlySet<Report>): void {
    const report = standingIn(change, ended);
    const digest = report === undefined ? null : this.#tally(report, entry.sequence);
    this.#entries.add(...historyCells(entry, change), report === undefined ? 0 : 1, digest);
  }

  /** Counts a report that stands from now on. @returns its digest */
  #tally(report: Report, sequence: number): number {
    const digest = digestOfReport(report, sequence);
    this.#count += 1;
    this.#sum += digest;
    return digest;
  }

  /** As {@link historyCells} would, with fewer cells to hand over: tens of thousands a second are written. */
  #addBan(report: Report, sequence: number, at: number): void {
    const { network, client, jail, reportedAt, endsAt } = report;
    const digest = this.#tally(report, sequence);
    this.#bans.add(sequence, at, network, client, jail, sourceCell(report), reportedAt, endCell(endsAt), digest);
  }

  /** @returns the reports that these changes make and end again; those from before stand no longer */
  #endReports(changes: readonly Change[]): ReadonlySet<Report> {
    const own = new Set<Report>();
    for (const change of changes) {
      const report = endedBy(change);
      if (report?.sequence !== undefined) this.#end(report, report.sequence);
      else if (report !== undefined) own.add(report);
    }
    this.#ended.flush();
    return own;
  }

  #end(report: Report, sequence: number): void {
    this.#ended.add(sequence);
    this.#count -= 1;
    this.#sum -= digestOfReport(report, sequence);
  }
}

function endedBy(change: Change): Report | undefined {
  if (!('report' in change)) return undefined;
  return change.kind === 'withdrawn' ? change.report : change.replaces;
}

/** The report of a new ban that has no labels and is not ended in the same commit: nearly all that is ever written. */
function plainBan(change: Change, ended: ReadonlySet<Report>): Report | undefined {
  if (change.kind !== 'reported' || change.reason !== undefined || change.report.labels !== undefined) return undefined;
  return ended.has(change.report) ? undefined : change.report;
}

/** The report that a change makes, unless the same commit ends it again. */
function standingIn(change: Change, ended: ReadonlySet<Report>): Report | undefined {
  if (change.kind !== 'reported' && change.kind !== 'lifted') return undefined;
  return ended.has(change.report) ? undefined : change.report;
}

/** All but the last two, which say what stands. */
function historyCells(entry: HistoryEntry, change: Change): readonly Cell[] {
  const { sequence, at, kind, network = null, client = null, jail = null, reason = null } = entry;
  const report = 'report' in change ? change.report : undefined;
  const source = report === undefined ? null : sourceCell(report);
  const endsAt = entry.endsAt === undefined ? null : endCell(entry.endsAt);
  const actor = entry.actor === client ? null : entry.actor;
  const reportedAt = report?.reportedAt ?? null;
  const labels = report?.labels === undefined ? null : formatLabels(report.labels);
  return [sequence, at, kind, network, client, jail, source, reportedAt, endsAt, labels, actor, reason];
}
