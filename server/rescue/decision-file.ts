import { join } from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { putAside } from '../../shared/host/durable-file.ts';
import { type Kept, removeAll, replaceFirst } from '../../shared/host/spare-file.ts';
import { formatKept, type KeptDecisions, parseKept } from './kept-decisions.ts';

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
  /** At the last load. */
  #unreadable: Found['unreadable'] = [];
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
    this.#unreadable = unreadable;
    return { kept: newest, unreadable };
  }

  /** Puts what could not be read out of the way, as `decisions.json.damaged`; where that fails, the next start says it again. Never rejects. */
  async setAside(): Promise<void> {
    await Promise.allSettled(this.#unreadable.map(({ file }) => putAside(file)));
    this.#unreadable = [];
  }

  /** Keeps these in the first folder that takes them, instead of those before; none: takes the files away. Never rejects. */
  async save(kept: Omit<KeptDecisions, 'revision'>): Promise<Kept> {
    this.#revision += 1;
    if (kept.decisions.length > 0)
      return await replaceFirst(this.#files, formatKept({ ...kept, revision: this.#revision }));
    return { kind: 'nowhere', reason: (await removeAll(this.#files)) ?? 'nothing waits' };
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
