import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { every } from '../../shared/every.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import type { Log } from '../../shared/host/log.ts';
import { replaceFirst } from '../../shared/host/spare-file.ts';
import { formatInstant } from '../../shared/instant.ts';
import { type Boot, type ClockState, type KeptTime, TrustedClock } from '../../shared/trusted-clock.ts';
import { formatKeptTime, parseKeptTime } from './kept-time.ts';

export interface TimekeepingOptions {
  /** Where the trusted time is kept over a restart: the first of these folders that takes it. */
  readonly folders: readonly string[];
  readonly host: Clock;
  readonly boot: Boot;
  readonly log: Log;
}

const keepMs = 60_000;
const fileName = 'clock.json';

/** The clock by which the server goes, with what it keeps on disk. */
export class Timekeeping {
  readonly clock: TrustedClock;
  readonly #options: TimekeepingOptions;

  private constructor(clock: TrustedClock, options: TimekeepingOptions) {
    this.clock = clock;
    this.#options = options;
  }

  /** Goes on from the time that was kept; the newest counts. Never rejects: without one the host's clock is believed. */
  static async open(options: TimekeepingOptions): Promise<Timekeeping> {
    const { host, boot, log } = options;
    let kept: KeptTime | undefined;
    for (const folder of options.folders) {
      const found = await read(join(folder, fileName), log);
      if (found !== undefined && found.time > (kept?.time ?? 0)) kept = found;
    }
    const clock = new TrustedClock({ host, boot, kept, onChange: (state) => tell(state, log) });
    return new Timekeeping(clock, options);
  }

  /** Keeps the time at once and each minute, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await every(keepMs, () => this.keep(), this.#options.host, signal);
  }

  get state(): ClockState {
    return this.clock.state;
  }

  /** The operator says that the clock of this host is right. */
  async believe(): Promise<void> {
    this.clock.believe();
    await this.keep();
  }

  /** A disk that takes it not costs only that an older time is gone on from. */
  async keep(): Promise<void> {
    const files = this.#options.folders.map((folder) => join(folder, fileName));
    const kept = await replaceFirst(files, formatKeptTime(this.clock.keep()));
    if (kept.kind === 'nowhere') this.#options.log.debug({ error: kept.reason }, 'the time cannot be kept');
  }
}

async function read(file: string, log: Log): Promise<KeptTime | undefined> {
  try {
    const text = await readIfPresent(file);
    if (text === undefined) return undefined;
    const kept = parseKeptTime(text);
    if (kept === undefined) log.error({ file }, 'the time that was kept is damaged, and is not gone on from');
    return kept;
  } catch (error) {
    log.warn({ file, error: describeError(error) }, 'the time that was kept cannot be read');
    return undefined;
  }
}

function tell(state: ClockState, log: Log): void {
  if (state.kind === 'agreed') {
    log.info('the clock of this host is believed');
    return;
  }
  const [host, trusted] = [formatInstant(state.hostAt), formatInstant(state.trustedAt)];
  const how =
    state.believedInMs === undefined ? 'never by itself' : `in ${Math.round(state.believedInMs / 60_000)} min`;
  log.error(
    { host, trusted },
    `the clock of this host has jumped and is not believed; it is ${how}, or with: fail2networkban-server clock --believe`,
  );
}
