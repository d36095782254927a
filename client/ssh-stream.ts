import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Endpoint } from './server-address.ts';
import { sshArguments, type Via } from './via.ts';

/** ssh did not reach its target, or has ended; its message is what ssh said. */
export class SshError extends Error {
  readonly code = 'ssh';
}

/** Of what ssh says: the end of it tells why it gives up. */
const saidMaxCharacters = 2_000;
const reasonMaxCharacters = 300;
const reasonMaxLines = 2;

/**
 * A stream to `target` through `ssh -W`, in a process of its own that ends with the stream. When ssh fails the stream is
 * destroyed with an SshError, as soon as all that ssh had to say is known.
 */
export class SshStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = '';

  /** @param target as the ssh server sees it */
  constructor(via: Via, target: Endpoint) {
    super({ allowHalfOpen: false });
    this.#child = spawn('ssh', sshArguments(via, target), { stdio: 'pipe' });
    this.#child.stderr.on('data', (chunk: Buffer) => this.#hear(chunk.toString('utf8')));
    this.#child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#child.stdout.pause();
    });
    // That ssh takes nothing more is told by its end.
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (cause) => this.destroy(new SshError(`ssh cannot be run: ${cause.message}`, { cause })));
    this.#child.on('close', (code) => this.#finish(code));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    // A failure is ssh's end, which destroys this stream.
    this.#child.stdin.write(chunk, encoding, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  /** ssh has nothing to put in order, and must not outlive the connection. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill('SIGKILL');
    done(error);
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-saidMaxCharacters);
  }

  #finish(code: number | null): void {
    if (code === 0) this.push(null);
    else this.destroy(new SshError(`ssh: ${lastOf(this.#said) || `ended with ${code ?? 'a signal'}`}`));
  }
}

/** The last lines, on one. */
function lastOf(said: string): string {
  const lines = said.split(/\s*\n/).filter((line) => line !== '');
  return lines
    .slice(-reasonMaxLines)
    .join(' ')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .slice(-reasonMaxCharacters);
}
