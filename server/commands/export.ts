import { accessSync, constants } from 'node:fs';
import { configError, describeError, describeFileError } from '../../shared/errors.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { formatInstant } from '../../shared/instant.ts';
import { jailGlobPattern } from '../../shared/names.ts';
import { quote } from '../../shared/refusal.ts';
import { type CountedTime, countHistory } from '../ledger/count-history.ts';
import { isDatabaseError } from '../ledger/database.ts';
import { formatCounts, isExportFormat } from './format-counts.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';

/** As they are typed. */
export interface ExportWords {
  readonly year?: string;
  readonly since?: string;
  readonly until?: string;
  readonly jail?: string;
  readonly format: string;
}

export interface ExportHost extends CommandContext {
  /** Resolves when it has left; false when nobody reads any more. */
  readonly write: (text: string) => Promise<boolean>;
  /** Beside the list. */
  readonly remark: (text: string) => void;
}

/** Prints how often each network was banned, as the ledger's file says, whether a server runs or not. */
export async function exportCounts(host: ExportHost, words: ExportWords): Promise<void> {
  const time = readTime(words);
  const { format } = words;
  if (!isExportFormat(format)) throw new ArgumentError(`--format: ${quote(format)}: allowed is csv, json, txt`);
  const { database } = loadSettings(host);
  checkReadable(database);
  try {
    await countHistory(database, time, async ({ beginsAt, counts }) => {
      if (beginsAt !== undefined && beginsAt > time.since && time.since > 0) host.remark(shortOf(beginsAt));
      for (const piece of formatCounts(format, time, counts)) if (!(await host.write(piece))) return;
    });
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    throw configError(database, '[server] database', `cannot be read: ${describeError(error)}`, error);
  }
}

/** SQLite would make a file that is not there. */
function checkReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw configError(file, '[server] database', `cannot be read: ${describeFileError(error)}`, error);
  }
}

function shortOf(beginsAt: number): string {
  return `history goes back to ${formatInstant(beginsAt)} UTC only: history_days and history_max of server.ini say how far`;
}

const dayMs = 86_400_000;

/** Days are those of UTC, the last one to its end. */
function readTime({ year, since, until, jail }: ExportWords): CountedTime {
  if (year !== undefined && (since !== undefined || until !== undefined))
    throw new ArgumentError('--year: says by itself since and until when');
  if (jail !== undefined && !jailGlobPattern.test(jail))
    throw new ArgumentError(`--jail: ${quote(jail)}: allowed is the name of a jail, with * for any characters`);
  if (year !== undefined && !/^[0-9]{4}$/.test(year))
    throw new ArgumentError(`--year: ${quote(year)}: allowed is a year as 2026`);
  const first = year === undefined ? since : `${year}-01-01`;
  const last = year === undefined ? until : `${year}-12-31`;
  const from = first === undefined ? 0 : readDay('--since', first);
  const to = last === undefined ? Number.MAX_SAFE_INTEGER : readDay('--until', last) + dayMs;
  if (from >= to) throw new ArgumentError(`--until: ${quote(last)}: is before --since`);
  return { since: from, until: to, jail };
}

function readDay(name: string, text: string): number {
  const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // 2026-02-30 would be the second of March.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw new ArgumentError(`${name}: ${quote(text)}: allowed is a day as 2026-01-31`);
  return at;
}
