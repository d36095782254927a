import { type Logger, pino, type TransportTargetOptions } from 'pino';

export type Log = Logger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** JSON lines on standard output; on a terminal the same, readable. Fields that could carry a secret are removed. */
export function makeLog(name: string, level: LogLevel, isTerminal: boolean): Log {
  const target: TransportTargetOptions = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss.l' },
  };
  return pino({
    name,
    level,
    redact: { paths: ['secret', 'key', 'token', '*.secret', '*.key', '*.token'], remove: true },
    ...(isTerminal ? { transport: target } : {}),
  });
}
