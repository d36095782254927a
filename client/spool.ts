import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '../shared/errors.ts';
import { isAbsent } from '../shared/host/absent-file.ts';

/** The spool is gone from a folder that this process may not write to. */
export class SpoolLostError extends Error {
  readonly code = 'spool-lost';
}

/**
 * Makes the folder of the queue where it is missing, for its owner alone.
 *
 * @returns whether it was missing
 * @throws SpoolLostError
 */
export async function makeSpool(path: string): Promise<boolean> {
  const options = { mode: 0o700 };
  try {
    await mkdir(path, options);
    return true;
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false;
    if (hasCode(cause, 'EROFS')) throw new SpoolLostError(`${path} is not there and cannot be made`, { cause });
    if (!isAbsent(cause)) throw cause;
    return (await mkdir(path, { ...options, recursive: true })) !== undefined;
  }
}

export interface SpoolOptions {
  readonly path: string;
  /** A file of the folder changed; null: it may have been any, or the folder itself. */
  readonly onChange: (name: string | null) => void;
  /** Changes may not be told any more. */
  readonly onFailure: (error: Error) => void;
}

/** The folder of the queue, watched. */
export class Spool {
  readonly #options: SpoolOptions;
  #watcher: FSWatcher | undefined;
  /** At the last call of `ensure`. */
  #seen: FSWatcher | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /**
   * Makes and watches the folder where it is not: at first, and after it was deleted or moved away.
   *
   * @returns whether it is another one than at the last call
   * @throws SpoolLostError
   */
  async ensure(): Promise<boolean> {
    if (await makeSpool(this.#options.path)) this.close();
    this.#watcher ??= this.#watch();
    if (this.#watcher === undefined) return this.ensure();
    const isOther = this.#watcher !== this.#seen;
    this.#seen = this.#watcher;
    return isOther;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Undefined when the folder has just gone. */
  #watch(): FSWatcher | undefined {
    const { path, onChange, onFailure } = this.#options;
    const tell = (name: string | null): void => {
      // What happens to the folder itself is told under its own name (inotify(7), IN_DELETE_SELF, IN_MOVE_SELF).
      const isItself = name === basename(path);
      if (isItself) this.close();
      onChange(isItself ? null : name);
    };
    try {
      return watch(path, (_, name) => tell(name)).on('error', onFailure);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}
