import { execFile } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Ending, makeFolder } from '../ending.ts';
import { assertRoot } from './assert-root.ts';

const run = promisify(execFile);
const blockBytes = 4_096;

/** A disk of a few MiB in memory, mounted at a folder, for tests that fill it. */
export class SmallDisk {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Gone when the test ends. */
  static async mount(test: Ending, sizeMib: number): Promise<SmallDisk> {
    assertRoot('mounting a small disk');
    const dir = await makeFolder(test);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'small-disk', dir]);
    test.after(async () => void (await run('umount', [dir])));
    return new SmallDisk(dir);
  }

  /** Writes a file as long as there is room. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, 'a');
    try {
      for (;;) await file.write(Buffer.alloc(blockBytes));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      await file.close();
    }
  }

  /** Makes room again. */
  async empty(): Promise<void> {
    await rm(this.#filler);
  }

  get #filler(): string {
    return join(this.dir, 'filler');
  }
}
