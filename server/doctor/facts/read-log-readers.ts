import { readFile, stat } from 'node:fs/promises';
import { hasCode } from '../../../shared/errors.ts';

/** What lies in SQLite's log beside the ledger, and who keeps it from going into the file. */
export interface LogFacts {
  readonly file: string;
  /** Undefined: there is none. */
  readonly bytes: number | undefined;
  readonly readers: readonly LogReader[];
}

/** Another process that reads the ledger right now. */
export interface LogReader {
  /** Undefined: of another container, or of the host outside of this one. */
  readonly pid: number | undefined;
  readonly program: string;
  readonly runsForSeconds: number | undefined;
}

/** Where SQLite locks the log's index, the file `-shm`, while it reads a state (its file wal.c: WAL_READ_LOCK). */
const readLocks = { first: 123, last: 127 } as const;

/** Only reads about files: opening the ledger or its index and closing it again would end another's locks in this process. */
export async function readLog(database: string): Promise<LogFacts> {
  const file = `${database}-wal`;
  const [log, index, lock] = await Promise.all([file, `${database}-shm`, `${database}.lock`].map(find));
  if (log === undefined || index === undefined) return { file, bytes: log?.size, readers: [] };
  const locks = parseLocks((await read('/proc/locks')) ?? '');
  const servers = lock === undefined ? [] : locks.filter(({ inode }) => inode === lock.ino).map(({ pid }) => pid);
  const reading = locks.filter(
    ({ inode, first, last }) => inode === index.ino && first >= readLocks.first && last <= readLocks.last,
  );
  const pids = new Set(reading.map(({ pid }) => pid).filter((pid) => !servers.includes(pid)));
  return { file, bytes: log.size, readers: await Promise.all(Array.from(pids, describeProcess)) };
}

async function find(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

interface Lock {
  readonly pid: number;
  readonly inode: number;
  readonly first: number;
  readonly last: number;
}

/** `1: POSIX  ADVISORY  READ 4711 00:2d:1234 123 123`, proc(5); one that waits has `->` after its number. */
const lockPattern = /^\d+: POSIX +\S+ +(?:READ|WRITE) +(-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) (\d+) (\d+)$/gm;

function parseLocks(text: string): Lock[] {
  return Array.from(text.matchAll(lockPattern), ([, pid, inode, first, last]) => ({
    pid: Number(pid),
    inode: Number(inode),
    first: Number(first),
    last: Number(last),
  }));
}

async function describeProcess(pid: number): Promise<LogReader> {
  const told = pid > 0 ? await readProcess(pid) : undefined;
  if (told === undefined)
    return { pid: undefined, program: 'a program that is not seen from here', runsForSeconds: undefined };
  // `4711 (name) S …`: the name may hold anything, the 20th field after it is the start in hundredths of a second.
  const end = told.stat.lastIndexOf(')');
  const startedAt = Number(told.stat.slice(end + 2).split(' ')[19]) / 100;
  const runsForSeconds = Math.max(0, Math.floor(Number(told.uptime.split(' ')[0]) - startedAt));
  return { pid, program: told.stat.slice(told.stat.indexOf('(') + 1, end), runsForSeconds };
}

async function readProcess(pid: number): Promise<{ stat: string; uptime: string } | undefined> {
  const [stat, uptime] = [await read(`/proc/${pid}/stat`), await read('/proc/uptime')];
  return stat === undefined || uptime === undefined ? undefined : { stat, uptime };
}

/** @returns undefined for what is hidden from this user, or of a process that has ended meanwhile */
async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}
