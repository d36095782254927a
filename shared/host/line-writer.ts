import { write, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/**
 * Where lines go.
 * - `written`: so many bytes; the rest is written again
 * - `failed`: nothing for now, as with a full disk
 * - `gone`: nobody will ever read it
 */
export type WriteResult =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'failed' }
  | { readonly kind: 'gone' };

export interface LineSink {
  /** One at a time. */
  write(data: Buffer, done: (result: WriteResult) => void): void;
  /** What can be written at once as the process ends. */
  writeNow(data: Buffer): void;
}

/** A file or a device: written on a thread, so that a slow disk holds up nobody. */
export function fileSink(fd: number): LineSink {
  return {
    write: (data, done) =>
      write(fd, data, (error, bytes) => done(error === null ? { kind: 'written', bytes } : { kind: 'failed' })),
    writeNow: (data) => attemptWrite(fd, data),
  };
}

/** A pipe or a socket that Node writes to without blocking. Its errors have a listener already. */
export function streamSink(stream: Writable, fd: number): LineSink {
  return {
    write: (data, done) => {
      stream.write(data, (error) => done(error ? { kind: 'gone' } : { kind: 'written', bytes: data.length }));
    },
    writeNow: (data) => attemptWrite(fd, data),
  };
}

/** The process ends: there is nobody left to be told. */
function attemptWrite(fd: number, data: Buffer): void {
  try {
    writeSync(fd, data);
  } catch {
    return;
  }
}

/** Characters that wait for a reader that stands still, or for a full disk; lines beyond are counted, not kept. */
export const heldMaxCharacters = 16_777_216;
/** One write takes about so many. */
const pieceCharacters = 65_536;
/** How long a line waits for others; the first goes out at once. */
const gatherMs = 10;
/** The pause after a write that failed. */
const retryMs = 1_000;

export interface LineWriterOptions {
  readonly sink: LineSink;
  readonly clock: Clock;
  /** Lines could not be kept; told once writing succeeds again. */
  readonly onLost: (lines: number) => void;
}

/**
 * Writes lines in the background, several at a time. Whatever stands behind the sink, a line never blocks its writer, never
 * fails, and never takes more memory than {@link heldMaxCharacters}.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  #held: string[] = [];
  #heldCharacters = 0;
  /** Of the line that was written in part. */
  #rest: Buffer | undefined;
  #lost = 0;
  #state: 'idle' | 'gathering' | 'writing' | 'pausing' | 'gone' = 'idle';
  #onIdle: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** @param line with its newline */
  write(line: string): void {
    if (this.#state === 'gone') return;
    if (this.#heldCharacters + line.length > heldMaxCharacters) {
      this.#lost += 1;
      return;
    }
    this.#held.push(line);
    this.#heldCharacters += line.length;
    if (this.#state === 'idle') this.#writePiece();
  }

  /** Whether everything is written, after `mostMs` at the latest. */
  async drain(mostMs: number): Promise<boolean> {
    if (this.#isDone) return true;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(mostMs, resolve);
      this.#onIdle.push(() => {
        cancel();
        resolve();
      });
    });
    return this.#isDone;
  }

  /** Writes what it can as the process ends; what is being written is not written twice. */
  endNow(): void {
    if (this.#state === 'gone' || this.#state === 'writing') return;
    const rest = this.#rest ?? Buffer.alloc(0);
    this.#options.sink.writeNow(Buffer.concat([rest, this.#takeAll()]));
  }

  get #isDone(): boolean {
    return this.#state !== 'writing' && this.#heldCharacters === 0 && this.#rest === undefined;
  }

  #writePiece(): void {
    const data = this.#rest ?? this.#takePiece();
    this.#rest = undefined;
    this.#state = 'writing';
    this.#options.sink.write(data, (result) => this.#follow(data, result));
  }

  #follow(data: Buffer, result: WriteResult): void {
    switch (result.kind) {
      case 'written':
        if (result.bytes < data.length) this.#rest = data.subarray(result.bytes);
        this.#goOn();
        break;
      case 'failed':
        this.#rest = data;
        this.#pause('pausing', retryMs);
        break;
      case 'gone':
        this.#state = 'gone';
        this.#takeAll();
        this.#wakeIdle();
        break;
    }
  }

  #goOn(): void {
    if (this.#rest !== undefined || this.#heldCharacters >= pieceCharacters) this.#writePiece();
    else this.#pause('gathering', gatherMs);
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#options.onLost(lost);
    if (this.#isDone) this.#wakeIdle();
  }

  #pause(state: 'gathering' | 'pausing', delayMs: number): void {
    this.#state = state;
    this.#options.clock.after(delayMs, () => {
      if (this.#rest !== undefined || this.#heldCharacters > 0) this.#writePiece();
      else this.#state = 'idle';
    });
  }

  #takePiece(): Buffer {
    if (this.#heldCharacters <= pieceCharacters) return this.#takeAll();
    let count = 0;
    let characters = 0;
    while (characters < pieceCharacters) characters += this.#held[count++]?.length ?? 0;
    const piece = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    this.#heldCharacters -= characters;
    return Buffer.from(piece.join(''));
  }

  #takeAll(): Buffer {
    const all = Buffer.from(this.#held.join(''));
    this.#held = [];
    this.#heldCharacters = 0;
    return all;
  }

  #wakeIdle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const wake of waiting) wake();
  }
}
