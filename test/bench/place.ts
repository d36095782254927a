import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { RunningProcess } from '../end-to-end/running-process.ts';
import { ServerProcess, type ServerProcessOptions } from '../end-to-end/server-process.ts';

/** Where one bench happens: a folder of its own, and all that was started in it. Closing it ends and removes both. */
export class Place {
  readonly dir: string;
  readonly certificates: Certificates;
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(dir: string, certificates: Certificates) {
    this.dir = dir;
    this.certificates = certificates;
  }

  static async make(): Promise<Place> {
    const dir = await mkdtemp(join(tmpdir(), 'fail2networkban-bench-'));
    return new Place(dir, await makeCertificates(join(dir, 'tls')));
  }

  /** Has this done at the end; what was begun last ends first. */
  atEnd(end: () => Promise<unknown>): void {
    this.#ends.unshift(end);
  }

  /** Starts the real server. `name` is its folder. */
  async startServer(name: string, options: Omit<ServerProcessOptions, 'dir' | 'certificates'>): Promise<ServerProcess> {
    const server = await ServerProcess.start({
      dir: join(this.dir, name),
      certificates: this.certificates,
      ...options,
    });
    this.atEnd(() => server.kill());
    return server;
  }

  /** Starts one of the scripts beside this file, with its task as JSON, behind the words of `prefix`. */
  startScript(
    name: string,
    task: object,
    { prefix = [], environment = {} }: { readonly prefix?: readonly string[]; readonly environment?: object } = {},
  ): RunningProcess {
    const script = new URL(`./${name}.js`, import.meta.url).pathname;
    const [file = '', ...args] = [...prefix, process.execPath, script, JSON.stringify(task)];
    const started = new RunningProcess(file, args, { ...environment });
    this.atEnd(() => started.kill());
    return started;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** @throws when a program of Debian's is not installed */
export async function requireProgram(program: string, debianPackage: string): Promise<void> {
  const folders = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/usr/local/sbin'];
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  if (found.every(({ status }) => status === 'rejected'))
    throw new Error(`${program} is missing: as root, apt-get install ${debianPackage}`);
}

/** The memory that a process holds, in MB (2^20). Linux only. */
export function residentMegabytes(pid: number): Promise<number> {
  return megabytesOf(pid, 'VmRSS');
}

/** The most that it ever held. */
export function peakMegabytes(pid: number): Promise<number> {
  return megabytesOf(pid, 'VmHWM');
}

async function megabytesOf(pid: number, field: string): Promise<number> {
  const [, kilobytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number(kilobytes) / 1_024;
}

/** Processor time that a process has used, in seconds. Linux only. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold blanks; utime and stime are the 14th and 15th field (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** USER_HZ, the same on every architecture that Node runs on. */
const ticksPerSecond = 100;
