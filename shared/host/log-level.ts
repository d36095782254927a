export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Apart from the log itself, whose library a command that writes none need not wait for. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
