import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { assertRoot } from '../../../end-to-end/assert-root.ts';
import { RunningProcess } from '../../../end-to-end/running-process.ts';
import type { Ending } from '../../../ending.ts';
import type { PeerTask } from './tcp-peer.ts';

const execute = promisify(execFile);
const commandMaxMs = 300_000;

/** A network of its own within this machine: interfaces, addresses and an nftables ruleset that are nobody else's. */
export class Namespace {
  readonly name: string;
  readonly #processes: RunningProcess[] = [];

  private constructor(name: string) {
    this.name = name;
  }

  /** A new one, with its loopback up. It goes with the test, and what runs in it before. */
  static async make(ending: Ending): Promise<Namespace> {
    assertRoot('making network namespaces');
    const namespace = new Namespace(`f2nb-${randomBytes(4).toString('hex')}`);
    await execute('ip', ['netns', 'add', namespace.name], { timeout: commandMaxMs });
    ending.after(() => namespace.#end());
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** The words in front of a command that shall run in it. */
  get enter(): readonly [string, ...string[]] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  /** Runs `ip` on it; the words are separated by single blanks. */
  async ip(words: string): Promise<void> {
    await execute('ip', ['-n', this.name, ...words.split(' ')], { timeout: commandMaxMs });
  }

  /** Runs a program in it and returns what it printed. @throws when it ends with anything but 0 */
  async run(...command: readonly string[]): Promise<string> {
    const [program, ...lead] = this.enter;
    const { stdout } = await execute(program, [...lead, ...command], { timeout: commandMaxMs });
    return stdout;
  }

  /** Starts one end of a TCP connection in it. */
  startPeer(task: PeerTask): RunningProcess {
    const script = new URL('./tcp-peer.js', import.meta.url).pathname;
    const [program, ...lead] = this.enter;
    const started = new RunningProcess(program, [...lead, process.execPath, script, JSON.stringify(task)]);
    this.#processes.push(started);
    return started;
  }

  async #end(): Promise<void> {
    for (const each of this.#processes) await each.kill();
    await execute('ip', ['netns', 'del', this.name], { timeout: commandMaxMs });
  }
}
