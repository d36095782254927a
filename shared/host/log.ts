import { type Logger, pino, type TransportTargetOptions } from 'pino';

export type Log = Logger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** With each line sonic-boom counts the bytes of all that is gathered for one write, so a longer write costs more a line. */
const writeMaxBytes = 4_096;

/**
 * JSON lines on standard output; on a terminal the same, readable. Lines are written in the background, so that a slow
 * reader of the log does not hold up a ban; what is left is written when the process ends.
 */
export function makeLog(name: string, level: LogLevel, isTerminal: boolean): Log {
  const options = { name, level };
  if (!isTerminal) return pino(options, pino.destination({ sync: false, maxWrite: writeMaxBytes }));
  const target: TransportTargetOptions = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss.l' },
  };
  return pino({ ...options, transport: target });
}
