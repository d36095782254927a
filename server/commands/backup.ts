import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { ConfigError, configError, describeFileError, hasCode } from '../../shared/errors.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { formatInstant } from '../../shared/instant.ts';
import { plural } from '../../shared/plural.ts';
import { backupLedger } from '../ledger/backup/backup-ledger.ts';
import type { CopyFacts } from '../ledger/backup/check-copy.ts';
import { restoreLedger } from '../ledger/backup/restore-ledger.ts';
import { findLeftOut, type LeftOut } from '../rescue/left-out.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';
import { nameDecision } from './show/show-unwritten.ts';

export interface BackupHost extends CommandContext {
  readonly clock: Clock;
  readonly print: (text: string) => void;
}

/**
 * `backup FILE`: copies the ledger of server.ini, whether a server runs or not. Exit 75 when decisions of the operator are not in it,
 * because the ledger has not taken them: the copy is good, and another one is to be made later.
 *
 * @throws ArgumentError when the file is there
 */
export async function backup(host: BackupHost, file: string, isJson: boolean): Promise<ExitCode> {
  const { database, socket } = loadSettings(host);
  checkThere(database, 'database');
  const target = resolve(file);
  const leftOutOf = await findLeftOut(database, socket);
  const facts = await attempt(target, () => backupLedger(database, target));
  const leftOut = leftOutOf(facts);
  host.print(
    isJson ? JSON.stringify({ file: target, ...facts, leftOut }, null, 2) : describeCopy(target, facts, leftOut),
  );
  return leftOut.decisions.length + leftOut.doubts.length === 0 ? exitCodes.done : exitCodes.temporary;
}

function describeCopy(target: string, facts: CopyFacts, { decisions, doubts }: LeftOut): string {
  const lines = [`${target}: ${describe(facts)}; it holds the keys of all hosts`];
  if (decisions.length > 0)
    lines.push(`NOT IN IT, because the ledger has not taken them yet: ${decisions.map(nameDecision).join(', ')}`);
  lines.push(...doubts.map((doubt) => `decisions of the operator may not be in it: ${doubt}`));
  if (lines.length > 1)
    lines.push('make another one when fail2networkban-server status shows nothing as NOT ON DISK YET');
  return lines.join('\n');
}

/** `restore FILE`: puts a copy into the ledger's place, while no server runs. @throws ConfigError */
export async function restore(host: BackupHost, file: string, isJson: boolean): Promise<void> {
  const { database } = loadSettings(host);
  const copy = resolve(file);
  checkThere(copy, undefined);
  if (copy === database) throw new ArgumentError(`FILE: ${copy}: is the ledger itself; allowed is a copy of it`);
  const stamp = new Date(host.clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const restored = await attempt(copy, () => restoreLedger({ copy, file: database, stamp }));
  host.print(isJson ? JSON.stringify({ database, ...restored }, null, 2) : describeRestored(database, restored));
}

function describeRestored(
  database: string,
  { kept, ...facts }: CopyFacts & { readonly kept: string | undefined },
): string {
  const before = kept === undefined ? [] : [`what was there before: ${kept}`];
  const next = 'start the server; then fail2networkban-server doctor says what is lost since the copy was made';
  return [`${database}: ${describe(facts)}`, ...before, next].join('\n');
}

function describe({ reports, clients, at }: CopyFacts): string {
  const last = at === 0 ? 'no change yet' : `the last change of ${formatInstant(at)} UTC`;
  return `${plural(reports, 'report')}, ${plural(clients, 'client')}, ${last}`;
}

/** SQLite would make a file that is not there. */
function checkThere(file: string, key: 'database' | undefined): void {
  if (existsSync(file)) return;
  throw configError(file, key && `[server] ${key}`, 'is not there, or its folder may not be looked into');
}

async function attempt<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (hasCode(error, 'EEXIST')) throw new ArgumentError(`FILE: ${file}: is there already; allowed is a new file`);
    if (hasCode(error, 'ENOENT'))
      throw new ArgumentError(`FILE: ${file}: allowed is a file in a folder that is there; ${dirname(file)} is not`);
    throw configError(file, undefined, `failed: ${describeFileError(error)}`, error);
  }
}
