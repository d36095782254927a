import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../shared/clock.ts';
import { sizeOf } from '../shared/host/durable-file.ts';
import type { UnreadableLine } from './queue-line.ts';

/** Size of the file at which it becomes `unreadable.log.1`, in place of the one before. */
export const unreadableLogMaxBytes = 1_048_576;
/** Of one line. */
const keptMaxCharacters = 1_000;

/** Lines of the queue that could not be read: kept for a person to look at, in a file that does not grow for ever. */
export class UnreadableLog {
  readonly #path: string;
  readonly #clock: Clock;
  #count = 0;

  constructor(spool: string, clock: Clock) {
    this.#path = join(spool, 'unreadable.log');
    this.#clock = clock;
  }

  get path(): string {
    return this.#path;
  }

  /** Lines set aside since the agent's start. */
  get count(): number {
    return this.#count;
  }

  /** Writes each line down: time, reason, the line as JSON text. It is counted, even when that fails. */
  async setAside(lines: readonly UnreadableLine[]): Promise<void> {
    this.#count += lines.length;
    const at = new Date(this.#clock.now()).toISOString();
    const text = lines.map((line) => `${at} ${line.reason}: ${JSON.stringify(cut(line.text))}\n`).join('');
    await this.#rotate();
    await appendFile(this.#path, text, { mode: 0o600 });
  }

  async #rotate(): Promise<void> {
    const size = await sizeOf(this.#path);
    if (size >= unreadableLogMaxBytes) await rename(this.#path, `${this.#path}.1`);
  }
}

function cut(text: string): string {
  return text.length > keptMaxCharacters ? `${text.slice(0, keptMaxCharacters)}…` : text;
}
