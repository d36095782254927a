import { type DestinationStream, type Logger, pino, type TransportTargetOptions } from 'pino';
import { systemClock } from '../clock.ts';

export type Log = Logger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** With each line sonic-boom counts the bytes of all that is gathered for one write, so a longer write costs more a line. */
const writeMaxBytes = 8_192;
/** A write of fewer lines costs as much as one of so many. */
const writeMinBytes = 8_000;
/** A reader of the log that stands still costs no more memory than this: further lines are lost. */
const heldMaxBytes = 16_777_216;
/** How long a line waits for others. */
const gatherMs = 10;

/**
 * JSON lines on standard output; on a terminal the same, readable. Lines are written in the background, so that a slow
 * reader of the log does not hold up a ban, and several at a time; what is left is written when the process ends.
 */
export function makeLog(name: string, level: LogLevel, isTerminal: boolean): Log {
  const options = { name, level };
  if (!isTerminal) return pino(options, gatherLines());
  const target: TransportTargetOptions = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss.l' },
  };
  return pino({ ...options, transport: target });
}

/** The first line goes out at once; those that follow it closely wait for each other. */
function gatherLines(): DestinationStream {
  const destination = pino.destination({
    sync: false,
    minLength: writeMinBytes,
    maxWrite: writeMaxBytes,
    maxLength: heldMaxBytes,
  });
  let isGathering = false;
  let isAnyWaiting = false;
  // A flush amid a write does nothing: what came meanwhile would wait for the next line, however long that takes.
  let isPerhapsHeld = false;
  const endGathering = (): void => {
    isGathering = false;
    if (isAnyWaiting) flush();
  };
  const flush = (): void => {
    isAnyWaiting = false;
    isGathering = true;
    destination.flush();
    systemClock.after(gatherMs, endGathering);
  };
  destination.on('drain', () => {
    if (!isPerhapsHeld) return;
    isPerhapsHeld = false;
    isAnyWaiting = true;
    if (!isGathering) flush();
  });
  return {
    write: (line) => {
      destination.write(line);
      isAnyWaiting = true;
      isPerhapsHeld = true;
      if (!isGathering) flush();
    },
  };
}
