/** Errors of the system that say that the path itself is wrong: only another configuration mends them. */
const wrongPathCodes: ReadonlySet<string> = new Set([
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'ELOOP',
  'EINVAL',
  'ENOTSOCK',
]);

/** SQLite's result codes that say nothing of the file's content (https://sqlite.org/rescode.html), by their beginning. */
const passingSqlite =
  /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|CANTOPEN|NOMEM|READONLY|PROTOCOL|PERM|AUTH|INTERRUPT|NOLFS)(?:_|$)/;

/**
 * Whether a fault may pass without anybody touching the configuration: programs then end with 75, and systemd tries on.
 *
 * | fault | passes |
 * | --- | --- |
 * | full disk, quota, input/output error, read-only file system, no memory, too many files | yes |
 * | port taken, address not there yet, socket or ledger held by another process | yes |
 * | file or folder not there or not permitted: a mount may be missing, and its mount point is somebody else's | yes |
 * | the path goes through a file, or is a folder | no |
 * | what a file holds: settings, a certificate, a damaged ledger | no |
 *
 * A missing or unreadable configuration file itself is no passing fault; its reader says so by giving no cause.
 *
 * Looks at Node's `errno`, at SQLite's code, at `isPassing` of our own errors, and then at the cause. So an error that is
 * thrown with the system's error as its `cause` needs nothing else:
 *
 * ```ts
 * throw new Error(`${path}: the journal cannot be written`, { cause });   // ENOSPC: 75, names the path
 * throw configError(path, '[agent] state', 'cannot be used', cause);      // the same, naming the key
 * await atPath(path, () => file.datasync());                              // the same, for calls whose error has no path
 * ```
 */
export function isPassingFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('isPassing' in error && typeof error.isPassing === 'boolean') return error.isPassing;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (passingSqlite.test(code)) return true;
  if ('errno' in error && 'syscall' in error) return !wrongPathCodes.has(code);
  return isPassingFault(error.cause);
}
