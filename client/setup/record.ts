import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import { removeFolder } from './host-files.ts';

/** A file that setup has made or changed. */
export interface RecordedFile {
  readonly path: string;
  /** SHA-256 of what setup wrote: another one means that somebody has changed it since. */
  readonly sha256: string;
  /** Name of the copy of what was there before; null: nothing was. */
  readonly backup: string | null;
  /** Permission bits of what was there before. */
  readonly mode: number | null;
}

/** What `setup --undo` has to know. */
export interface Recorded {
  readonly files: readonly RecordedFile[];
  /** Folders that setup made, in this order. */
  readonly folders: readonly string[];
  /** Whether setup has enabled the agent's unit. */
  readonly enabledAgent: boolean;
}

export const nothingRecorded: Recorded = { files: [], folders: [], enabledAgent: false };

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The record of all that setup did on this host, with the backups, in a folder for root alone. */
export class SetupRecord {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws SetupError when what is there is not a record */
  async read(): Promise<Recorded> {
    const text = await readIfPresent(this.#file);
    if (text === undefined) return nothingRecorded;
    const { files, folders, enabledAgent } = parseObject(text) ?? {};
    if (Array.isArray(files) && files.every(isRecordedFile) && isTexts(folders) && typeof enabledAgent === 'boolean') {
      return { files, folders, enabledAgent };
    }
    throw new SetupError(`${this.#file} is not what setup wrote there`);
  }

  async write(recorded: Recorded): Promise<void> {
    await this.#makeFolder();
    await replaceFile(this.#file, `${JSON.stringify(recorded, null, 2)}\n`);
  }

  /** Keeps what is in a file before setup changes it. @returns the name of the copy */
  async keep(path: string, text: string): Promise<string> {
    await this.#makeFolder();
    const name = `${path.replaceAll('/', '%')}.before`;
    await replaceFile(join(this.#folder, name), text);
    return name;
  }

  /** Undefined: the copy is gone. */
  kept(name: string): Promise<string | undefined> {
    return readIfPresent(join(this.#folder, name));
  }

  /** Where the copies are, for a person. */
  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /** Nothing is left to be undone. */
  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await removeFolder(dirname(this.#folder));
  }

  get #file(): string {
    return join(this.#folder, 'record.json');
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }
}

function isRecordedFile(value: unknown): value is RecordedFile {
  if (!isObject(value)) return false;
  const { path, sha256, backup, mode } = value;
  const hasTexts = typeof path === 'string' && typeof sha256 === 'string';
  return hasTexts && (backup === null || typeof backup === 'string') && (mode === null || typeof mode === 'number');
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
