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

/**
 * Exit code by which a program that we run says: never this one, do not try again. Chosen because no program ends with it by
 * accident:
 *
 * | codes | who uses them |
 * | --- | --- |
 * | 1, 2 | any failure; wrong use of a shell builtin, of argparse and of most tools |
 * | 64–78 | sysexits.h |
 * | 1–101 | curl, whose code a script with `set -e` passes on; apt-get (100) |
 * | 102–118, 121–123 | errno of a failed call, with which Perl's `die` ends |
 * | 120 | Python, when its output cannot be flushed |
 * | 123–127 | xargs, timeout, env, and a shell that cannot start a program |
 * | 128–255 | a shell whose program was ended by a signal; git, ssh, systemd |
 *
 * 119 is an errno too (ENAVAIL, of Xenix), which Linux never gives.
 */
export const neverAgain = 119;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
