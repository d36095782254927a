/** Exit codes of both programs, after sysexits.h where it has one. */
export const exitCodes = {
  done: 0,
  /** Something failed; for `doctor`: warnings. */
  failed: 1,
  /** The server refused; its code is printed. For `doctor`: broken. */
  refused: 2,
  usage: 64,
  /** Not now: kept in the queue, or nobody runs. */
  temporary: 75,
  config: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
