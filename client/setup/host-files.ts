import { chmod, lstat, mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../shared/errors.ts';
import { isAbsent, readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';

/** A file as it stands. */
export interface FileState {
  readonly text: string;
  readonly mode: number;
}

/** Undefined: there is none. @throws SetupError when it is no plain file, which could not be put back as it was */
export async function readState(path: string): Promise<FileState | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw new SetupError(`${path} is not a plain file: setup leaves it alone`);
    return { text: (await readIfPresent(path)) ?? '', mode: found.mode & 0o777 };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Makes a file be so; undefined: be gone. */
export async function restoreState(path: string, state: FileState | undefined): Promise<void> {
  if (state === undefined) return await rm(path, { force: true });
  await replaceFile(path, state.text);
  if (state.mode !== 0o600) await chmod(path, state.mode);
}

/** The folders that are missing on the way to one, the outermost first. */
export async function missingFolders(path: string): Promise<readonly string[]> {
  if (await isThere(path)) return [];
  return [...(await missingFolders(dirname(path))), path];
}

export async function makeFolder(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}

/** @returns whether it is gone; one with files in it stays */
export async function removeFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return true;
    if (hasCode(error, 'ENOTEMPTY')) return false;
    throw error;
  }
}

export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isAbsent(error)) return false;
      throw error;
    },
  );
}
