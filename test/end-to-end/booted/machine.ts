import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Ending, makeFolder } from '../../ending.ts';
import { type Finished, RunningProcess } from '../running-process.ts';
import { waitUntil } from '../wait-until.ts';
import { debianRoot } from './debian-root.ts';
import { isHostBooted, makeCgroup, removeCgroup } from './own-cgroup.ts';

export interface MachineOptions {
  /** Folders laid over Debian's files, the first on top; they are not written to. */
  readonly layers: readonly string[];
  /** More words for systemd-nspawn(1). */
  readonly words?: readonly string[];
  /** As an unprivileged container of LXC without nesting: its root is nobody outside, and mounts nothing. */
  readonly isUnprivileged?: boolean;
}

/** What stays of a machine while it is off. */
interface Ground {
  readonly name: string;
  /** The machine's root as this host sees it. */
  readonly root: string;
  readonly cgroups: readonly string[];
  readonly words: readonly string[];
}

const sources = join(import.meta.dirname, '..', '..', '..', '..', 'test', 'end-to-end', 'booted');

const patienceMs = 120_000;

/**
 * A Debian under its own systemd, with files and a network of its own, which a reboot keeps. What is written in it goes
 * with the test.
 */
export class Machine {
  readonly #ground: Ground;
  #container: RunningProcess;

  private constructor(ground: Ground) {
    this.#ground = ground;
    this.#container = startContainer(ground);
  }

  /** @throws with what systemd-nspawn said, where no machine can be booted */
  static async boot(test: Ending, { layers, words = [], isUnprivileged = false }: MachineOptions): Promise<Machine> {
    const name = `f2nb-${randomUUID().slice(0, 8)}`;
    const root = await mountRoot(test, [...layers, debianRoot()]);
    if (isUnprivileged) await refuseMounts(root);
    await makeNetwork(test, name);
    const cgroups = isHostBooted ? [] : await makeCgroup(name);
    test.after(() => removeCgroup(cgroups));
    const machine = new Machine({
      name,
      root,
      cgroups,
      words: [...words, ...(isUnprivileged ? unprivileged : joining(name))],
    });
    test.after(() => machine.#end());
    await machine.#isUp();
    return machine;
  }

  /** Runs a command in the machine, as root. */
  async run(command: string, ...words: readonly string[]): Promise<Finished> {
    const child = new RunningProcess('nsenter', [`--target=${await this.#init()}`, '--all', command, ...words]);
    await child.ended;
    return child.finished();
  }

  /** Runs a line of shell. @returns what it printed. @throws when it fails, with what it said */
  async sh(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('sh', '-c', line);
    if (code !== 0) throw new Error(`${line}: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a program of this host in the machine's network, which stays up while the machine is off. */
  beside(file: string, ...words: readonly string[]): RunningProcess {
    return new RunningProcess('ip', ['netns', 'exec', this.#ground.name, file, ...words]);
  }

  /** Where a file of the machine is on this host. */
  path(file: string): string {
    return join(this.#ground.root, file);
  }

  async write(file: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(file)), { recursive: true });
    await writeFile(this.path(file), text, { mode });
  }

  /** Switches it off in order, and on again. */
  async reboot(): Promise<void> {
    await this.run('systemctl', 'poweroff');
    await this.#container.ended;
    this.#container = startContainer(this.#ground);
    await this.#isUp();
  }

  /** The process of the machine's systemd, as this host numbers it; 0 before there is one. */
  async #init(): Promise<number> {
    const { pid } = this.#container;
    if (this.#container.hasEnded) throw new Error(`the machine does not run: ${this.#container.output}`);
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')[0]);
  }

  async #isUp(): Promise<void> {
    const states = ['running\n', 'degraded\n'];
    const isUp = async (): Promise<boolean> =>
      (await this.#init()) !== 0 && states.includes((await this.run('systemctl', 'is-system-running')).stdout);
    await waitUntil('the machine is up', isUp, patienceMs);
  }

  async #end(): Promise<void> {
    if (this.#container.hasEnded) return;
    process.kill(await this.#init(), 'SIGKILL');
    await this.#container.ended;
  }
}

/** A root that is somebody outside joins the network that stays. */
function joining(name: string): readonly string[] {
  return [`--network-namespace-path=/run/netns/${name}`, '--capability=CAP_NET_ADMIN'];
}

/** Its root is nobody's outside. */
const unprivileged: readonly string[] = ['--private-network', '--private-users=identity'];

/** Has the machine's systemd started by a program that takes mounts away from it. */
async function refuseMounts(root: string): Promise<void> {
  const systemd = join(root, 'usr', 'lib', 'systemd', 'systemd');
  await rename(systemd, `${systemd}.real`);
  await copyFile(join(sources, 'without-mounts.py'), systemd);
}

async function mountRoot(test: Ending, layers: readonly string[]): Promise<string> {
  const folder = await makeFolder(test);
  // A file system of its own, because an overlay cannot have its upper layer on another overlay.
  await must('mount', '-t', 'tmpfs', 'tmpfs', folder);
  test.after(() => must('umount', '--lazy', folder));
  const [upper, work, root] = [join(folder, 'upper'), join(folder, 'work'), join(folder, 'root')];
  for (const each of [upper, work, root]) await mkdir(each);
  const options = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`;
  await must('mount', '-t', 'overlay', 'overlay', '-o', options, root);
  test.after(() => must('umount', '--lazy', root));
  return root;
}

async function makeNetwork(test: Ending, name: string): Promise<void> {
  await must('ip', 'netns', 'add', name);
  test.after(() => must('ip', 'netns', 'delete', name));
  await must('ip', '-n', name, 'link', 'set', 'lo', 'up');
}

function startContainer({ name, root, cgroups, words }: Ground): RunningProcess {
  const own = isHostBooted ? [] : ['--keep-unit', '--register=no'];
  const options = [
    '--boot',
    `--directory=${root}`,
    `--machine=${name}`,
    `--bind-ro=${process.execPath}:/usr/local/bin/node`,
    '--resolv-conf=off',
    '--link-journal=no',
    '--console=pipe',
    '--settings=no',
    ...own,
    ...words,
  ];
  const moves = cgroups.map((file) => `echo $$ > ${file}; `).join('');
  return new RunningProcess('sh', ['-c', `${moves}exec systemd-nspawn "$@"`, 'sh', ...options]);
}

async function must(file: string, ...words: readonly string[]): Promise<void> {
  const child = new RunningProcess(file, words);
  await child.ended;
  if (child.finished().code !== 0) throw new Error(`${[file, ...words].join(' ')}: ${child.output}`);
}
