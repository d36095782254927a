import { execFile } from 'node:child_process';
import type { Clock } from '../clock.ts';

/** Words of sd_notify(3). */
type Notice = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1' | 'RELOADING=1' | `STATUS=${string}`;

/** What systemd hands to a service in its environment. */
export interface ServiceEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
}

/** How often it is looked whether the line that `systemctl status` shows has changed. */
const statusMs = 2_000;

/** Longer than this no word takes, so that one that hangs does not keep back those behind it for good. */
const noticeMaxMs = 5_000;

/**
 * Tells systemd how the service is, each word after the one before. Without systemd every call does nothing. Node cannot send to a datagram socket, so
 * `systemd-notify` (10 ms) does; the units say NotifyAccess=all.
 */
export class ServiceManager {
  readonly #environment: ServiceEnvironment;
  readonly #onError: (error: Error) => void;
  readonly #program: string;
  #last: Promise<void> = Promise.resolve();

  /** @param program takes the words as its arguments */
  constructor(environment: ServiceEnvironment, onError: (error: Error) => void, program = 'systemd-notify') {
    this.#environment = environment;
    this.#onError = onError;
    this.#program = program;
  }

  notify(...notices: readonly Notice[]): void {
    const socket = this.#environment.NOTIFY_SOCKET;
    if (socket === undefined) return;
    this.#last = this.#last.then(() => this.#tell(notices, socket));
  }

  #tell(notices: readonly Notice[], socket: string): Promise<void> {
    const env = { NOTIFY_SOCKET: socket, PATH: '/usr/bin:/bin' };
    return new Promise((resolve) => {
      execFile(this.#program, [...notices], { env, timeout: noticeMaxMs }, (error) => {
        if (error !== null) this.#onError(error);
        resolve();
      });
    });
  }

  /**
   * Keeps the line that `systemctl status` shows equal to what `describe` says, a few seconds late at the most.
   *
   * @returns ends it
   */
  keepStatus(clock: Clock, describe: () => string): () => void {
    if (this.#environment.NOTIFY_SOCKET === undefined) return () => undefined;
    let told: string | undefined;
    let cancel: () => void;
    const look = (): void => {
      const status = describe();
      if (status !== told) this.notify(`STATUS=${status}`);
      told = status;
      cancel = clock.after(statusMs, look);
    };
    look();
    return () => cancel();
  }

  /**
   * Feeds the watchdog, if the unit sets one, three times in its period. The event loop feeds it, so a blocked program is
   * restarted.
   *
   * @returns ends the feeding
   */
  feedWatchdog(clock: Clock): () => void {
    const periodMs = Number(this.#environment.WATCHDOG_USEC ?? 0) / 1_000;
    if (!(periodMs > 0)) return () => undefined;
    let cancel: () => void;
    const feed = (): void => {
      this.notify('WATCHDOG=1');
      cancel = clock.after(periodMs / 3, feed);
    };
    cancel = clock.after(periodMs / 3, feed);
    return () => cancel();
  }
}
