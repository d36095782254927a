import { statSync } from 'node:fs';

/** The size of a file in bytes; undefined when it is not there or not to be seen by this user. */
export function fileSize(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size;
  } catch {
    // Which of both it is makes no difference to who asks: there is another way to learn it.
    return undefined;
  }
}
