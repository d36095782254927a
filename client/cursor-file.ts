import { rename, writeFile } from 'node:fs/promises';
import { readIfPresent } from '../shared/host/absent-file.ts';
import { parseObject } from '../shared/sealed-channel.ts';
import { Serial } from '../shared/serial.ts';

/**
 * Up to which number one server has acknowledged a stream. Not synced to disk: a lost last write only means that events
 * are sent again, which the server answers with `repeated`.
 */
export class CursorFile {
  readonly #path: string;
  readonly #stream: string;
  readonly #writes = new Serial();
  #written: number;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(path: string, stream: string, number: number) {
    this.#path = path;
    this.#stream = stream;
    this.#written = number;
  }

  /** Opens the cursor; one of another stream, or one that is damaged, begins at 0. */
  static async open(path: string, stream: string): Promise<CursorFile> {
    const value = parseObject((await readIfPresent(path)) ?? '');
    const number = value?.['stream'] === stream ? value['number'] : 0;
    return new CursorFile(path, stream, typeof number === 'number' && Number.isSafeInteger(number) ? number : 0);
  }

  get number(): number {
    return this.#written;
  }

  /** Remembers `number`; resolves when the file says so. */
  advance(number: number): Promise<void> {
    if (number === this.#written) return this.#lastWrite;
    this.#written = number;
    this.#lastWrite = this.#writes.inTurn(() => this.#write(number));
    return this.#lastWrite;
  }

  async #write(number: number): Promise<void> {
    const draft = `${this.#path}.new`;
    await writeFile(draft, `${JSON.stringify({ stream: this.#stream, number })}\n`, { mode: 0o600 });
    await rename(draft, this.#path);
  }
}
