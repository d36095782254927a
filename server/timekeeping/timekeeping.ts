import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { every } from '../../shared/every.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import type { Log } from '../../shared/host/log.ts';
import { replaceFirst } from '../../shared/host/spare-file.ts';
import { formatInstant } from '../../shared/instant.ts';
import { Serial } from '../../shared/serial.ts';
import {
  type Boot,
  type ClockJump,
  type ClockState,
  jumpOf,
  TrustedClock,
  toleranceMs,
} from '../../shared/trusted-clock.ts';
import { LedgerError } from '../ledger/ledger.ts';
import { formatKeptTime, parseKeptTime, type WrittenTime } from './kept-time.ts';
import type { MovingEnds } from './moving-ends.ts';

export interface TimekeepingOptions {
  /** Where the trusted time is kept over a restart: the first of these folders that takes it. */
  readonly folders: readonly string[];
  readonly host: Clock;
  readonly boot: Boot;
  readonly log: Log;
}

/** Moves what was recorded while a jump was disputed. */
export type Moving = Pick<MovingEnds, 'jump' | 'move' | 'moveRest'>;

type Disputed = ClockState & { readonly kind: 'disputed' };

const keepMs = 60_000;
const fileName = 'clock.json';

/** The clock by which the server goes, with what it keeps on disk. */
export class Timekeeping {
  readonly clock: TrustedClock;
  readonly #options: TimekeepingOptions;
  readonly #writes = new Serial();
  readonly #moves = new Serial();
  #revision: number;
  /** It failed before, or is under way. */
  #moving: Moving | undefined;

  private constructor(options: TimekeepingOptions, last: WrittenTime | undefined) {
    const { host, boot, log } = options;
    this.#revision = last?.revision ?? 0;
    this.#options = options;
    let isOpen = false;
    const onChange = (state: ClockState): void => {
      tell(state, log);
      // At once: what is recorded from now on moves along when this jump is believed after a restart.
      if (isOpen) void this.keep();
    };
    this.clock = new TrustedClock({ host, boot, kept: last?.kept, onChange });
    isOpen = true;
  }

  /** Goes on from the time that was kept; what was written last counts. Never rejects: without one the host's clock is believed. */
  static async open(options: TimekeepingOptions): Promise<Timekeeping> {
    let last: WrittenTime | undefined;
    for (const folder of options.folders) {
      const found = await read(join(folder, fileName), options.log);
      if (found !== undefined && found.revision > (last?.revision ?? 0)) last = found;
    }
    return new Timekeeping(options, last);
  }

  /**
   * Keeps the time at once and each minute, and believes a jump that has stood for long enough, until aborted.
   *
   * @param moving of a jump that is to be believed
   */
  async run(moving: (jump: ClockJump) => Moving, signal: AbortSignal): Promise<void> {
    await every(keepMs, () => this.#goOn(moving), this.#options.host, signal);
  }

  get state(): ClockState {
    return this.clock.state;
  }

  /** The clock of this host is right: what is recorded in dispute moves with it. @throws LedgerError: it is not believed yet */
  async believe(moving: (jump: ClockJump) => Moving): Promise<void> {
    await this.#settle(() => true, moving);
    await this.keep();
  }

  async #goOn(moving: (jump: ClockJump) => Moving): Promise<void> {
    try {
      await this.#settle(({ believedInMs }) => believedInMs === 0, moving);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#options.log.error(
        { error: describeError(error) },
        'the clock cannot be believed before the ledger is written',
      );
    }
    await this.keep();
  }

  /** One after the other: the operator may say what its time has come for. */
  #settle(mayBelieve: (state: Disputed) => boolean, moving: (jump: ClockJump) => Moving): Promise<void> {
    return this.#moves.inTurn(async () => {
      const { state } = this;
      if (state.kind === 'disputed' && mayBelieve(state)) await this.#move(jumpOf(state), moving);
    });
  }

  async #move(jump: ClockJump, moving: (jump: ClockJump) => Moving): Promise<void> {
    // What has moved already must not move again.
    const known = this.#moving !== undefined && isSame(this.#moving.jump, jump) ? this.#moving : undefined;
    const moved = known ?? moving(jump);
    this.#moving = moved;
    await moved.move();
    this.clock.believe(moved.jump);
    await moved.moveRest();
    this.#moving = undefined;
  }

  /** A disk that takes it not costs only that an older time is gone on from. */
  keep(): Promise<void> {
    return this.#writes.inTurn(async () => {
      const files = this.#options.folders.map((folder) => join(folder, fileName));
      this.#revision += 1;
      const text = formatKeptTime({ kept: this.clock.keep(), revision: this.#revision });
      const kept = await replaceFirst(files, text);
      if (kept.kind === 'nowhere') this.#options.log.debug({ error: kept.reason }, 'the time cannot be kept');
    });
  }
}

function isSame(a: ClockJump, b: ClockJump): boolean {
  return Math.abs(a.since - b.since) <= toleranceMs && Math.abs(a.byMs - b.byMs) <= toleranceMs;
}

async function read(file: string, log: Log): Promise<WrittenTime | undefined> {
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
