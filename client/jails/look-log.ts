import { enumerate } from '../../shared/enumerate.ts';
import type { Log } from '../../shared/host/log.ts';
import { limits } from '../../shared/limits.ts';
import type { Look } from './jail-look.ts';

/** Says what of a look a server is not told, each once. */
export class LookLog {
  readonly #log: Log;
  readonly #server: string;
  #areTooManySaid = false;
  /** What of `ignoreip` was last said not to be offered. */
  #leftOutSaid = '';

  constructor({ log, server }: { readonly log: Log; readonly server: string }) {
    this.#log = log;
    this.#server = server;
  }

  note({ jails, ignored }: Look): void {
    if (jails.size > limits.jailsPerFrameMax) this.#sayTooMany([...jails.keys()]);
    if (ignored !== undefined) this.#sayLeftOut(ignored.leftOut);
  }

  #sayTooMany(jails: readonly string[]): void {
    if (this.#areTooManySaid) return;
    this.#areTooManySaid = true;
    this.#log.warn(
      {
        server: this.#server,
        jails: jails.length,
        most: limits.jailsPerFrameMax,
        first: jails[limits.jailsPerFrameMax],
      },
      'too many jails: from this one on, they are not compared with the server',
    );
  }

  #sayLeftOut(leftOut: readonly string[]): void {
    const text = leftOut.join(' ');
    if (text === this.#leftOutSaid) return;
    this.#leftOutSaid = text;
    if (leftOut.length > 0)
      this.#log.info(
        { server: this.#server, leftOut: enumerate(leftOut) },
        'of ignoreip, the server is offered networks alone, not these',
      );
  }
}
