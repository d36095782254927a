import { describeFileError } from '../errors.ts';

/**
 * Names the file in what goes wrong with it: the error of a write or a sync through an open file has no path.
 *
 * @throws Error `PATH: reason` with the system's error as its cause, so that isPassingFault still sees what it is
 */
export async function atPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes(path)) throw cause;
    throw new Error(`${path}: ${describeFileError(cause)}`, { cause });
  }
}
