import { isPassingFault } from './passing-fault.ts';

/** One thing wrong in a configuration file. */
export interface ConfigProblem {
  /** The file and, where one is known, the line: `/etc/fail2networkban/server.ini:12`. */
  readonly where: string;
  /** Section and key, as `[server] port`; undefined: the file as a whole. */
  readonly key: string | undefined;
  /** What was found and what is allowed. */
  readonly detail: string;
  /** Whether it may pass by itself, as a full disk does: see passing-fault.ts. */
  readonly isPassing: boolean;
}

/** The operator must act: the configuration cannot be used. Programs end with exit code 78, or 75 when all of it may pass. */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }

  get isPassing(): boolean {
    return this.problems.every(({ isPassing }) => isPassing);
  }
}

/** Not now: something that passes stands in the way, as another process that holds a lock. Programs end with exit code 75. */
export class TemporaryError extends Error {
  readonly code = 'temporary';
  readonly isPassing = true;
}

/** `/etc/fail2networkban/server.ini:12: [server] port: …` */
export function formatProblem({ where, key, detail }: Omit<ConfigProblem, 'isPassing'>): string {
  return key === undefined ? `${where} ${detail}` : `${where}: ${key}: ${detail}`;
}

/** A ConfigError about a single thing. @param cause tells whether it may pass */
export function configError(where: string, key: string | undefined, detail: string, cause?: unknown): ConfigError {
  return new ConfigError([{ where, key, detail, isPassing: isPassingFault(cause) }], { cause });
}

/** The configuration file itself cannot be read. Whom its rights shut out only the operator lets in; a disk's errors pass. */
export function unreadableConfig(file: string, cause: unknown): ConfigError {
  const isShut = hasCode(cause, 'EACCES') || hasCode(cause, 'EPERM');
  return configError(file, undefined, `cannot be read: ${describeFileError(cause)}`, isShut ? undefined : cause);
}

/**
 * What a firewall's failure asks for:
 * - `retry`: it is down, slow, locked or answered nonsense; back off, list again, go on. The call may have been carried out.
 * - `denied`: the credentials do not do; stop until the operator acts, try again each minute.
 * - `rejected`: this one network will never be taken; leave it out, go on with the others.
 */
export type EnforcerErrorCode = 'retry' | 'denied' | 'rejected';

/** The other system must act: a firewall did not do what was asked. */
export class EnforcerError extends Error {
  readonly code: EnforcerErrorCode;
  /** The longest pause before the next try, where the other system has waited itself. */
  readonly pauseMaxMs: number;

  constructor(
    code: EnforcerErrorCode,
    message: string,
    { pauseMaxMs = Number.POSITIVE_INFINITY, ...options }: ErrorOptions & { readonly pauseMaxMs?: number } = {},
  ) {
    super(message, options);
    this.name = 'EnforcerError';
    this.code = code;
    this.pauseMaxMs = pauseMaxMs;
  }
}

/** Whether an error of Node, or of a library that does as Node, carries this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The code of an error of Node, if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** The text of anything that was thrown, with its causes, none of them twice. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node gives no message to the failure of a connection that was tried at several addresses.
  const said = error.message || ('code' in error ? String(error.code) : error.name);
  if (error.cause === undefined) return said;
  const cause = describeError(error.cause);
  return said.endsWith(cause) ? said : `${said}: ${cause}`;
}

/** Why a file or a folder cannot be used; its path stands beside it, so Node's text, which repeats it, is for the rest. */
export function describeFileError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return fileReasons.get(code) ?? describeError(error);
}

const fileReasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'it is not there'],
  ['EACCES', 'this user may not'],
  ['EISDIR', 'it is a folder'],
  ['EROFS', 'its file system is read-only'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EIO', 'its disk gives input/output errors'],
]);
