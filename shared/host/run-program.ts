import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, sleep } from '../clock.ts';
import { hasCode } from '../errors.ts';
import { BoundedOutput } from './bounded-output.ts';

/** Whom a program runs as: without further groups. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** One run of a program. No shell has a part in it. */
export interface Run {
  /** The program by its absolute path, and its arguments. */
  readonly argv: readonly string[];
  /** For its standard input. */
  readonly input: string;
  /** Undefined: as who we run. */
  readonly user: User | undefined;
  readonly timeoutMs: number;
}

/** How a run ended. */
export interface RunResult {
  readonly end:
    | { readonly kind: 'exit'; readonly code: number }
    | { readonly kind: 'signal'; readonly name: string }
    /** It was killed: its time was up, or we end. */
    | { readonly kind: 'late' | 'stopped' };
  /** Both outputs together, bounded. */
  readonly output: string;
}

/** From SIGTERM to SIGKILL, and from there to giving up on it. */
const graceMs = 1_000;
/** How long the output of what a program left behind is waited for. */
const drainMs = 200;
/** Nothing of our own environment, in which systemd hands over sockets and credentials. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/**
 * Runs a program in a process group of its own until it ends, its time is up, or `signal` is aborted; then the whole group
 * is killed.
 *
 * @throws Error of spawn(2): the program cannot be started
 */
export async function runProgram(run: Run, clock: Clock, signal: AbortSignal): Promise<RunResult> {
  const child = start(run);
  const output = new BoundedOutput();
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => output.take(data));
  // A program need not read its input: it may close it, or end first.
  child.stdin.on('error', () => undefined).end(run.input);
  const [gone, closed] = [new AbortController(), new AbortController()];
  child.once('close', () => closed.abort());
  const exit = exitOf(child);
  exit.then(
    () => gone.abort(),
    () => gone.abort(),
  );
  const killed = await endInTime(child, { clock, signal, gone: gone.signal, timeoutMs: run.timeoutMs });
  const end = killed === undefined ? await exit : { kind: killed };
  await sleep(clock, killed === undefined ? drainMs : 0, AbortSignal.any([closed.signal, signal]));
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  return { end, output: output.text };
}

function start({ argv: [program = '', ...args], user }: Run) {
  const identity = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  return spawn(program, args, { cwd: '/', env: environment, detached: true, shell: false, stdio: 'pipe', ...identity });
}

async function exitOf(child: ChildProcess): Promise<RunResult['end']> {
  const [code, name]: (number | string | null)[] = await once(child, 'exit');
  return typeof code === 'number' ? { kind: 'exit', code } : { kind: 'signal', name: String(name) };
}

interface Ending {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborted when the program has ended. */
  readonly gone: AbortSignal;
  readonly timeoutMs: number;
}

/** Returns why it had to be killed; undefined: it has ended by itself. One that cannot be killed is left to itself. */
async function endInTime(
  child: ChildProcess,
  { clock, signal, gone, timeoutMs }: Ending,
): Promise<'late' | 'stopped' | undefined> {
  await sleep(clock, timeoutMs, AbortSignal.any([gone, signal]));
  if (gone.aborted) return undefined;
  const why = signal.aborted ? 'stopped' : 'late';
  killGroup(child, 'SIGTERM');
  await sleep(clock, graceMs, gone);
  // Also when the program itself is gone: what it started may not be.
  killGroup(child, 'SIGKILL');
  await sleep(clock, graceMs, gone);
  child.unref();
  return why;
}

function killGroup({ pid }: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    // ESRCH: it has ended. EPERM: it runs as another user, and we have no CAP_KILL.
    if (!hasCode(error, 'ESRCH') && !hasCode(error, 'EPERM')) throw error;
  }
}
