import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hasCode } from '../../../shared/errors.ts';
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
 * behind the ledger, which means nothing, but when the ledger is behind it, commits are lost.
 */
export class LastCommitFile {
  readonly #file: number;
  readonly #ledgerId: string;

  /** @throws Error of the file system */
  constructor(path: string, ledgerId: string) {
    // Made where it is missing, and never cut off: what it says is evidence until the next commit.
    closeSync(openSync(path, 'a', 0o600));
    this.#file = openSync(path, 'r+');
    this.#ledgerId = ledgerId;
  }

  write(seal: Seal): void {
    const cells = [this.#ledgerId, seal.commits, seal.at, seal.sequence, digestOfSeal(seal, this.#ledgerId)].join(' ');
    try {
      writeSync(this.#file, `${cells} ${withText(emptyChecksum, cells)}`.padEnd(fileBytes - 1).concat('\n'), 0);
    } catch (error) {
      // The commit is durable all the same; without its note a loss of it would only not be noticed.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** @returns undefined when there is none, or none that is whole: it is evidence, not a need */
export function readLastCommit(path: string): LastCommit | undefined {
  const [cells, check] = /^(.*) (\d+) *\n$/.exec(readIfThere(path))?.slice(1) ?? [];
  if (cells === undefined || withText(emptyChecksum, cells) !== Number(check)) return undefined;
  const [ledgerId = '', ...numbers] = cells.split(' ');
  const [commits = 0, at = 0, sequence = 0, digest = 0] = numbers.map(Number);
  return { ledgerId, commits, at, sequence, digest };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/** It lies beside the ledger. */
export function lastCommitPath(ledger: string): string {
  return `${ledger}.last-commit`;
}
