import { CommandError, type RunCommand } from '../../../shared/host/command-runner.ts';

/** The process that serves a local socket. */
export interface Holder {
  readonly pid: number;
  /** By SIGSTOP or SIGTSTP: it goes on with SIGCONT. */
  readonly isStopped: boolean;
}

/** Only root is told which process it is; undefined: not known. */
export async function readHolder(socket: string, run: RunCommand): Promise<Holder | undefined> {
  try {
    const [, pid] = /pid=(\d+)/.exec(await run(['ss', '-Hxlp', 'src', socket])) ?? [];
    if (pid === undefined) return undefined;
    const state = await run(['ps', '-o', 'state=', '-p', pid]);
    return { pid: Number(pid), isStopped: /^t/i.test(state.trim()) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return undefined;
  }
}
