import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describeError } from '../../../shared/errors.ts';
import { emptyChecksum, withText } from './checksum.ts';
import { digestOfSeal, type Seal } from './seal.ts';

/** The last commit that was seen of a ledger. */
export interface LastCommit extends Pick<Seal, 'commits' | 'at' | 'sequence'> {
  readonly ledgerId: string;
  /** Of the seal. */
  readonly digest: number;
}

/** All of it goes into one sector of a disk, so that it is there whole or not at all. */
const fileBytes = 128;

/**
 * `ledger.db.last-commit` beside the ledger says how far that has come. It is written after each commit and waits for no disk: it may be
 * behind the ledger, which means nothing, but when the ledger is behind it, commits are lost. It is evidence, not a need: without
 * it everything works, and only a loss of commits would go unnoticed.
 */
export class LastCommitFile {
  readonly #file: number | undefined;
  /** What the file said when it was opened; undefined when there was none, or none that is whole. */
  readonly last: LastCommit | undefined;
  /** Why there is none that can be used; undefined: it can be. */
  readonly trouble: string | undefined;

  private constructor(parts: { file?: number; last?: LastCommit | undefined; trouble?: string }) {
    this.#file = parts.file;
    this.last = parts.last;
    this.trouble = parts.trouble;
  }

  /** Opens the one beside a ledger, and makes it where it is missing. Never throws for the file's sake. */
  static open(ledger: string): LastCommitFile {
    const path = `${ledger}.last-commit`;
    try {
      const file = openFile(path);
      return new LastCommitFile({ file, last: parse(readFileSync(file, 'latin1')) });
    } catch (error) {
      if (!(error instanceof NoFileError) && !hasAnyCode(error)) throw error;
      const reason = describeError(error);
      return new LastCommitFile({
        trouble: `${path} cannot be used (${reason}), so a loss of commits would go unnoticed`,
      });
    }
  }

  write(seal: Seal, ledgerId: string): void {
    if (this.#file === undefined) return;
    const cells = [ledgerId, seal.commits, seal.at, seal.sequence, digestOfSeal(seal, ledgerId)].join(' ');
    try {
      writeSync(this.#file, `${cells} ${withText(emptyChecksum, cells)}`.padEnd(fileBytes - 1).concat('\n'), 0);
    } catch (error) {
      // The commit is durable all the same.
      if (!hasAnyCode(error)) throw error;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

class NoFileError extends Error {}

/** Neither cuts the file off, nor waits for the other end of a pipe that somebody put there. */
function openFile(path: string): number {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants;
  const file = openSync(path, O_RDWR | O_CREAT | O_NONBLOCK, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new NoFileError('it is no file');
}

function parse(text: string): LastCommit | undefined {
  const [cells, check] = /^(.*) (\d+) *\n$/.exec(text)?.slice(1) ?? [];
  if (cells === undefined || withText(emptyChecksum, cells) !== Number(check)) return undefined;
  const [ledgerId = '', ...numbers] = cells.split(' ');
  const [commits = 0, at = 0, sequence = 0, digest = 0] = numbers.map(Number);
  return { ledgerId, commits, at, sequence, digest };
}

/** Whether the file system says so; anything else is a fault of ours. */
function hasAnyCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
