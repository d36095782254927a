/** One thing wrong in a configuration file. */
export interface ConfigProblem {
  /** The file and, where one is known, the line: `/etc/fail2networkban/server.ini:12`. */
  readonly where: string;
  /** Section and key, as `[server] port`; undefined: the file as a whole. */
  readonly key: string | undefined;
  /** What was found and what is allowed. */
  readonly detail: string;
}

/** The operator must act: the configuration cannot be used. Programs end with exit code 78. */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `/etc/fail2networkban/server.ini:12: [server] port: …` */
export function formatProblem({ where, key, detail }: ConfigProblem): string {
  return key === undefined ? `${where} ${detail}` : `${where}: ${key}: ${detail}`;
}

/** A ConfigError about a single thing. */
export function configError(where: string, key: string | undefined, detail: string, cause?: unknown): ConfigError {
  return new ConfigError([{ where, key, detail }], { cause });
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

  constructor(code: EnforcerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EnforcerError';
    this.code = code;
  }
}

/** Whether an error of Node, or of a library that does as Node, carries this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
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
  if (hasCode(error, 'ENOENT')) return 'it is not there';
  if (hasCode(error, 'EACCES')) return 'this user may not';
  if (hasCode(error, 'EISDIR')) return 'it is a folder';
  if (hasCode(error, 'EROFS')) return 'its file system is read-only';
  return describeError(error);
}
