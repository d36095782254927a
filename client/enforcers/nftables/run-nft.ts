import { execFile } from 'node:child_process';
import { EnforcerError, hasCode } from '../../../shared/errors.ts';

/**
 * Runs nft with these words, hands it `input` and returns what it prints.
 *
 * @throws EnforcerError `denied` when this process may not or nft is not there, else `retry`
 */
export type RunNft = (words: readonly string[], input: string, signal: AbortSignal) => Promise<string>;

/** The kernel takes no transaction of this size from this process: the same in parts will do. */
export class TransactionTooLargeError extends EnforcerError {
  constructor(message: string) {
    super('retry', message);
    this.name = 'TransactionTooLargeError';
  }
}

/** 10,000 entries take a tenth of a second. */
const runMaxMs = 30_000;
/** A million entries in two tables. */
const outputMaxBytes = 268_435_456;

/** @param command nft, by name or path, behind the words that lead to it, if any */
export function nftRunner([program, ...lead]: readonly [string, ...string[]] = ['nft']): RunNft {
  return (words, input, signal) =>
    new Promise((resolve, reject) => {
      const bounds = { signal, timeout: runMaxMs, maxBuffer: outputMaxBytes, env: { ...pathOnly, LC_ALL: 'C' } };
      const child = execFile(program, [...lead, ...words], bounds, (cause, stdout, stderr) => {
        if (cause === null) resolve(stdout);
        else reject(toEnforcerError(cause, stderr));
      });
      // A program that ends before it has read all is told of by how it ends.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
}

/** As systemd's own, so that a shell without the folders of root's programs finds nft too. */
const pathOnly = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** nft ends with 1 whatever happened, so its words decide: those of strerror(3) in the locale C. */
function toEnforcerError(cause: Error, stderr: string): EnforcerError {
  if (hasCode(cause, 'ENOENT')) return new EnforcerError('denied', 'nft is not on this host: apt install nftables');
  const said = firstLine(stderr) || firstLine(cause.message);
  if (said.includes('Operation not permitted')) return new EnforcerError('denied', `${said}: ${permissionHint}`);
  if (said.includes('not supported')) return new EnforcerError('denied', `${said}: this kernel lacks nf_tables`);
  if (said.includes('Message too long')) return new TransactionTooLargeError(`nft: ${said}`);
  return new EnforcerError('retry', `nft: ${said}`);
}

const permissionHint =
  'nftables needs root with CAP_NET_ADMIN; for the agent: systemd/fail2networkban-agent.service.d/nftables.conf';

/** Without the place in a script that nobody sees. */
function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line.replace(/^\S*stdin:[0-9:-]+ /, '').slice(0, 300);
}
