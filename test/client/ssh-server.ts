import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseVia, type Via } from '../../client/via.ts';
import { RunningProcess } from '../end-to-end/running-process.ts';
import { type Ending, makeFolder } from '../ending.ts';

const run = promisify(execFile);
/** Run by root, sshd would want an account and a folder of the system's. (systemd says of `nobody` that it is locked.) */
const unprivileged = { name: 'daemon', id: 1 };

/** The real sshd on loopback, without privileges, with a configuration, host key and port of its own. */
export class SshServer {
  readonly folder: string;
  readonly port: number;
  readonly user: string;
  #process: RunningProcess | undefined;

  private constructor(folder: string, port: number, user: string) {
    this.folder = folder;
    this.port = port;
    this.user = user;
  }

  /** Its folder holds `ssh_key` and `known_hosts`, as the folder of `client.ini` does. It ends with the test. */
  static async start(test: Ending): Promise<SshServer> {
    const folder = await makeFolder(test);
    const isRoot = process.getuid?.() === 0;
    const server = new SshServer(folder, await freePort(), isRoot ? unprivileged.name : userInfo().username);
    await server.#prepare(isRoot);
    test.after(() => server.stop());
    await server.start();
    return server;
  }

  /** @param words replace those of `via`, as `-i FILE` */
  via(...words: readonly string[]): Via {
    const via = parseVia(this.viaText(...words), this.folder);
    if (via === undefined) throw new Error(`not understood: ${words.join(' ')}`);
    return via;
  }

  viaText(...words: readonly string[]): string {
    return ['ssh', '-p', this.port, ...words, `${this.user}@127.0.0.1`].join(' ');
  }

  async start(): Promise<void> {
    const words = ['/usr/sbin/sshd', '-D', '-e', '-f', join(this.#home, 'sshd_config')];
    const { id } = unprivileged;
    const asOther = ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
    const [program = '', ...rest] = this.user === unprivileged.name ? [...asOther, ...words] : words;
    this.#process = new RunningProcess(program, rest);
    await this.#process.said(/Server listening/);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Makes a key and returns the path of its private half. */
  async makeKey(name: string): Promise<string> {
    const path = join(this.folder, name);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    return path;
  }

  /** The ssh processes on this machine that lead here. */
  async clients(): Promise<readonly number[]> {
    const { stdout } = await run('ps', ['-ww', '-eo', 'pid,args']);
    const ours = stdout.split('\n').filter((line) => / ssh -F none /.test(line) && line.includes(` -p ${this.port} `));
    return ours.map((line) => Number.parseInt(line, 10));
  }

  get #home(): string {
    return join(this.folder, 'sshd');
  }

  async #prepare(isRoot: boolean): Promise<void> {
    await chmod(this.folder, 0o755);
    await mkdir(this.#home);
    const hostKey = await this.makeKey('sshd/host_key');
    const key = await this.makeKey('ssh_key');
    await copyFile(`${key}.pub`, join(this.#home, 'authorized_keys'));
    const [type, text] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
    await writeFile(join(this.folder, 'known_hosts'), `[127.0.0.1]:${this.port} ${type} ${text}\n`);
    await writeFile(join(this.#home, 'sshd_config'), this.#configuration());
    if (isRoot) for (const path of [this.#home, hostKey]) await chown(path, unprivileged.id, unprivileged.id);
  }

  #configuration(): string {
    return `Port ${this.port}
ListenAddress 127.0.0.1
HostKey ${this.#home}/host_key
AuthorizedKeysFile ${this.#home}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
`;
  }
}

/** A port that was free a moment ago: sshd takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address.port;
}
