import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { nftRunner } from '../../../client/enforcers/nftables/run-nft.ts';
import type { SetupHost } from '../../../client/setup/host.ts';
import { setUp } from '../../../client/setup/setup.ts';
import { undoSetup } from '../../../client/setup/undo.ts';
import { systemClock } from '../../../shared/clock.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import { assertRoot } from '../../end-to-end/assert-root.ts';
import { RunningProcess } from '../../end-to-end/running-process.ts';
import { type Ending, makeFolder } from '../../ending.ts';

export const enrolment = `fail2networkban://web1@pve.example:1514/?key=abcdefgh.${'A'.repeat(43)}&ca=system`;

export interface Wish {
  readonly line?: string | undefined;
  readonly jails?: readonly string[];
  readonly force?: boolean;
  readonly takesPeers?: boolean;
  readonly hasFail2ban?: boolean;
  readonly usesNftables?: boolean;
  readonly isDry?: boolean;
}

/** A folder that stands for a host: its /etc, a real fail2ban on it, and a systemctl that only writes down what it hears. */
export class TemporaryHost {
  readonly root: string;
  readonly config: string;
  readonly #ending: Ending;

  private constructor(root: string, ending: Ending) {
    this.root = root;
    this.config = this.path('etc/fail2networkban/client.ini');
    this.#ending = ending;
  }

  /** @param files of etc/fail2ban, besides jail.conf with the jails sshd and web */
  static async start(ending: Ending, files: Readonly<Record<string, string>> = {}): Promise<TemporaryHost> {
    assertRoot('fail2ban');
    const host = new TemporaryHost(await makeFolder(ending), ending);
    for (const [name, text] of Object.entries({ ...host.#fail2ban(), ...files })) {
      await host.write(`etc/fail2ban/${name}`, text);
    }
    for (const jail of ['sshd', 'web', 'recidive']) await host.write(`log/${jail}`, '');
    for (const folder of ['bin', 'var/lib', 'var/spool']) await mkdir(host.path(folder), { recursive: true });
    await host.#startFail2ban();
    return host;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(join(this.path(name), '..'), { recursive: true });
    await writeFile(this.path(name), text);
  }

  async makeExecutable(name: string): Promise<void> {
    await chmod(this.path(name), 0o755);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  /** systemd runs here. @param answers what `systemctl show` says of fail2ban's unit */
  async hasSystemd(answers: readonly string[]): Promise<void> {
    await mkdir(this.path('run/systemd/system'), { recursive: true });
    const shown = ['LoadState=loaded', ...answers].join('\n');
    const script = `#!/bin/sh
echo "$*" >> '${this.path('systemctl.log')}'
case "$1" in
show) echo '${shown}' ;;
is-enabled | is-active) [ -e '${this.path('agent-runs')}' ] ;;
enable) : > '${this.path('agent-runs')}' ;;
disable) rm '${this.path('agent-runs')}' ;;
esac
`;
    await this.write('bin/systemctl', script);
    await chmod(this.path('bin/systemctl'), 0o755);
  }

  /** Runs setup and returns what it said. */
  async setUp(
    {
      line = enrolment,
      jails = ['*'],
      force = false,
      takesPeers = false,
      hasFail2ban = true,
      usesNftables = false,
      isDry = false,
    }: Wish = {},
    more: Partial<SetupHost> = {},
  ) {
    const said: string[] = [];
    const options = { line, name: 'main', via: undefined, force };
    await setUp(
      { config: this.config, enrolment: options, jails, takesPeers, hasFail2ban, usesNftables, isDry },
      { ...this.#host(said), ...more },
    );
    return said.join('\n');
  }

  async undo(isDry = false): Promise<{ readonly isComplete: boolean; readonly said: string }> {
    const said: string[] = [];
    const isComplete = await undoSetup({ config: this.config, isDry }, this.#host(said));
    return { isComplete, said: said.join('\n') };
  }

  /** What `fail2ban-client` prints. */
  client(...words: string[]): Promise<string> {
    return this.#host([]).run(['fail2ban-client', '-c', this.path('etc/fail2ban'), ...words]);
  }

  async actions(jail: string): Promise<string> {
    return (await this.client('get', jail, 'actions')).trim().split('\n').slice(1).join('');
  }

  /** All files below etc and var, with their modes and texts, and all folders. */
  async tree(): Promise<Readonly<Record<string, string>>> {
    const found: Record<string, string> = {};
    for (const top of ['etc', 'var']) {
      for (const entry of await readdir(this.path(top), { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const mode = ((await stat(path)).mode & 0o777).toString(8);
        found[relative(this.root, path)] = entry.isFile() ? `${mode} ${await readFile(path, 'utf8')}` : mode;
      }
    }
    return found;
  }

  #host(said: string[]): SetupHost {
    return {
      run: commandRunner(`${this.path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`),
      nft: nftRunner([this.path('bin/nft')]),
      clock: systemClock,
      isRoot: true,
      nodeVersion: '20.19.0',
      root: this.root,
      print: (line) => void said.push(line),
    };
  }

  async #startFail2ban(): Promise<void> {
    const server = new RunningProcess('fail2ban-server', ['-c', this.path('etc/fail2ban'), '-x', '-f', 'start']);
    this.#ending.after(() => server.stop());
    await server.said(/Server ready/);
  }

  #fail2ban(): Readonly<Record<string, string>> {
    const mark = `[Definition]\nactionban = echo <name> <ip> >> ${this.path('marks')}\nactionunban =\n`;
    return {
      'fail2ban.conf': `[Definition]
loglevel = INFO
logtarget = ${this.path('fail2ban.log')}
syslogsocket = auto
socket = ${this.path('fail2ban.sock')}
pidfile = ${this.path('fail2ban.pid')}
dbfile = ${this.path('fail2ban.sqlite3')}
dbpurgeage = 1d
dbmaxmatches = 10
`,
      'filter.d/login.conf': '[Definition]\nfailregex = ^ failed login from <SUBNET>$\ndatepattern = ^EPOCH\n',
      'action.d/mark.conf': mark,
      'action.d/own.conf': mark,
      'jail.conf': `[DEFAULT]
enabled = true
backend = polling
filter = login
maxretry = 1
action_ = mark
banaction_allports = mark
action = %(action_)s

[sshd]
logpath = ${this.path('log/sshd')}
[web]
logpath = ${this.path('log/web')}
action = own
         mark[actname=second]
[recidive]
logpath = ${this.path('log/recidive')}
`,
    };
  }
}
