import { join } from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { removeFile, replaceFile } from '../../shared/host/durable-file.ts';
import { formatKept, type KeptDecisions, parseKept } from './kept-decisions.ts';

/** Where decisions are kept now. */
export type Kept =
  | { readonly kind: 'kept'; readonly file: string }
  /** A restart forgets them. */
  | { readonly kind: 'nowhere'; readonly reason: string };

export interface Found {
  /** Undefined: none waits for the ledger. */
  readonly kept: KeptDecisions | undefined;
  /** Files that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

const fileName = 'decisions.json';

/**
 * A small file for what the operator decided while the ledger could not be written. The disk that is full may be the one
 * beside the ledger, so several folders are tried in their order; the runtime folder is in memory, and outlives a restart of
 * the server but not of the host.
 */
export class DecisionFile {
  readonly #files: readonly string[];
  #revision = 0;

  /** @param folders the best first */
  constructor(folders: readonly string[]) {
    this.#files = [...new Set(folders)].map((folder) => join(folder, fileName));
  }

  /** What waits for the ledger since before the start. Never rejects. */
  async load(): Promise<Found> {
    const unreadable: { file: string; reason: string }[] = [];
    let newest: KeptDecisions | undefined;
    for (const file of this.#files) {
      const found = await readKept(file);
      if ('reason' in found) unreadable.push({ file, reason: found.reason });
      else if (found.kept !== undefined && found.kept.revision > (newest?.revision ?? -1)) newest = found.kept;
    }
    this.#revision = newest?.revision ?? 0;
    return { kept: newest, unreadable };
  }

  /** Keeps these in the first folder that takes them, instead of those before; none: takes the files away. Never rejects. */
  async save(kept: Omit<KeptDecisions, 'revision'>): Promise<Kept> {
    this.#revision += 1;
    const text = formatKept({ ...kept, revision: this.#revision });
    let reason = 'there is no folder for it';
    for (const [index, file] of this.#files.entries()) {
      const failure = kept.decisions.length === 0 ? await remove(file) : await replace(file, text);
      if (failure !== undefined) reason = failure;
      else if (kept.decisions.length > 0) {
        for (const older of this.#files.slice(index + 1)) await remove(older);
        return { kind: 'kept', file };
      }
    }
    return { kind: 'nowhere', reason };
  }
}

async function readKept(
  file: string,
): Promise<{ readonly kept: KeptDecisions | undefined } | { readonly reason: string }> {
  try {
    const text = await readIfPresent(file);
    const kept = text === undefined ? undefined : parseKept(text);
    return text === undefined || kept !== undefined ? { kept } : { reason: 'it is damaged' };
  } catch (error) {
    return { reason: describeError(error) };
  }
}

/** @returns why not */
async function replace(file: string, text: string): Promise<string | undefined> {
  return await replaceFile(file, text).then(() => undefined, describeError);
}

async function remove(file: string): Promise<string | undefined> {
  return await removeFile(file).then(() => undefined, describeError);
}
