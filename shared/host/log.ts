import { type DestinationStream, type Logger, pino, type TransportTargetOptions } from 'pino';
import { systemClock } from '../clock.ts';
import { journalLine } from './journal-line.ts';
import { LineWriter } from './line-writer.ts';
import type { LogFormat } from './log-format.ts';
import type { LogLevel } from './log-level.ts';
import type { StandardStreams } from './standard-streams.ts';

export type Log = Logger;

/** A log, and whether it is written in full. */
export interface OpenedLog {
  readonly log: Log;
  /** Waits until all lines are written, `mostMs` at most. @returns whether they are */
  readonly drain: (mostMs: number) => Promise<boolean>;
}

/** What a log is opened with. */
export interface LogOptions {
  /** The program's. */
  readonly name: string;
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/**
 * JSON lines on standard output; on a terminal the same, readable; where that is systemd's journal, sentences with their
 * priorities. Lines are written in the background, several at a time: a slow reader of the log holds up no ban, and one
 * that stands still, or a full disk, costs lines, which are counted and told later. What is left is written when the
 * process ends.
 *
 * @param now the time of a line, milliseconds since the epoch
 */
export function openLog(
  { name, level, format }: LogOptions,
  streams: StandardStreams,
  now: () => number = systemClock.now,
): OpenedLog {
  const options = { name, level, timestamp: () => `,"time":${Math.round(now())}` };
  if (streams.isTerminal && format !== 'json')
    return { log: pino({ ...options, transport: readable }), drain: () => Promise.resolve(true) };
  const writer = new LineWriter({
    sink: streams.logSink(),
    clock: systemClock,
    onLost: (lost) => log.warn({ lost }, 'lines of this log are lost: standard output could not be written'),
  });
  const log = pino(options, streams.isJournal ? journalInto(writer, format) : writer);
  streams.onExit(() => writer.endNow());
  return { log, drain: (mostMs) => writer.drain(mostMs) };
}

function journalInto(writer: LineWriter, format: LogFormat): DestinationStream {
  return { write: (line) => writer.write(journalLine(line, format)) };
}

const readable: TransportTargetOptions = {
  target: 'pino-pretty',
  options: { ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss.l' },
};
