import { readFile } from 'node:fs/promises';
import { hasCode } from '../errors.ts';

/** Whether a file operation failed because there is nothing of that name. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

/** The text of a file; undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
