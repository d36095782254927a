import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertRoot } from './assert-root.ts';
import { type Finished, RunningProcess } from './running-process.ts';

/** What we ship for /etc/fail2ban. */
const shipped = new URL('../../../client/fail2ban/', import.meta.url);
const actionFile = new URL('action.d/fail2networkban.conf', shipped);

/** A jail; the first failure in its log bans. */
export interface Jail {
  readonly name: string;
  readonly bantimeSeconds: number;
  /** More lines for its section, as those of bantime.increment. */
  readonly more?: readonly string[];
}

export interface Fail2banOptions {
  /** A folder of its own. */
  readonly dir: string;
  /** The agent's spool. */
  readonly spool: string;
  readonly jails: readonly Jail[];
}

/** The real fail2ban in a process of its own, with its files in a folder of its own and the action that we ship. */
export class Fail2banProcess {
  readonly #dir: string;
  #process: RunningProcess | undefined;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Writes its configuration, but starts nothing. */
  static async prepare(options: Fail2banOptions): Promise<Fail2banProcess> {
    await writeConfiguration(options);
    return new Fail2banProcess(options.dir);
  }

  /**
   * Debian's own configuration with all that we ship beside it, which hands the bans of every jail to `spool` in `dir`.
   * `jailLocal` is the text of jail.local.
   */
  static async prepareAsInstalled(dir: string, jailLocal: string): Promise<Fail2banProcess> {
    const etc = join(dir, 'etc');
    await cp('/etc/fail2ban', etc, { recursive: true });
    for (const name of ['jail.d', 'jail.local']) await rm(join(etc, name), { recursive: true, force: true });
    await cp(shipped, etc, { recursive: true });
    await mkdir(join(dir, 'spool'));
    await writeFile(join(etc, 'action.d', 'fail2networkban.local'), `[Init]\nspool = ${join(dir, 'spool')}\n`);
    await writeFile(join(etc, 'action.d', 'quiet.conf'), quietAction);
    await writeFile(join(etc, 'fail2ban.local'), serverConfiguration(dir));
    await writeFile(join(etc, 'jail.local'), jailLocal);
    const fail2ban = new Fail2banProcess(dir);
    await writeFile(fail2ban.logFile, '');
    return fail2ban;
  }

  get socket(): string {
    return join(this.#dir, 'fail2ban.sock');
  }

  get logFile(): string {
    return join(this.#dir, 'fail2ban.log');
  }

  /** Starts it again after a stop or a kill, with the bans of its database. */
  async start(): Promise<void> {
    assertRoot('fail2ban');
    // -x: a socket that was left by a kill is in nobody's use.
    this.#process = new RunningProcess('fail2ban-server', ['-c', join(this.#dir, 'etc'), '-x', '-f', 'start']);
    await this.#process.said(/Server ready/);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** What `fail2ban-client` prints. @throws when it fails */
  async client(...args: readonly string[]): Promise<string> {
    const client = new RunningProcess('fail2ban-client', ['-c', join(this.#dir, 'etc'), '-s', this.socket, ...args]);
    await client.ended;
    const { code, stdout, stderr }: Finished = client.finished();
    if (code !== 0) throw new Error(`fail2ban-client ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** Writes a failed login into a jail's log, as the daemon that the jail watches does. */
  async fail(jail: string, ...addresses: readonly string[]): Promise<void> {
    const at = Math.floor(Date.now() / 1_000);
    await appendFile(
      logOf(this.#dir, jail),
      addresses.map((address) => `${at} failed login from ${address}\n`).join(''),
    );
  }

  /** What fail2ban itself has logged. */
  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }
}

function logOf(dir: string, jail: string): string {
  return join(dir, `${jail}.log`);
}

async function writeConfiguration({ dir, spool, jails }: Fail2banOptions): Promise<void> {
  const etc = join(dir, 'etc');
  for (const folder of ['action.d', 'filter.d']) await mkdir(join(etc, folder), { recursive: true });
  await cp(actionFile, join(etc, 'action.d', 'fail2networkban.conf'));
  await writeFile(join(etc, 'filter.d', 'login.conf'), filter);
  await writeFile(join(etc, 'fail2ban.conf'), serverConfiguration(dir));
  await writeFile(join(etc, 'jail.conf'), jailConfiguration(dir, spool, jails));
  for (const { name } of jails) await writeFile(logOf(dir, name), '');
}

/** A local firewall that nobody needs to clear away: no commands. */
const quietAction = `[Definition]
actionban =
actionunban =
`;

const filter = `[Definition]
failregex = ^ failed login from <SUBNET>$
datepattern = ^EPOCH
`;

function serverConfiguration(dir: string): string {
  return `[Definition]
loglevel = INFO
logtarget = ${join(dir, 'fail2ban.log')}
syslogsocket = auto
socket = ${join(dir, 'fail2ban.sock')}
pidfile = ${join(dir, 'fail2ban.pid')}
dbfile = ${join(dir, 'fail2ban.sqlite3')}
dbpurgeage = 1d
dbmaxmatches = 10
`;
}

function jailConfiguration(dir: string, spool: string, jails: readonly Jail[]): string {
  const sections = jails.map(({ name, bantimeSeconds, more = [] }) =>
    [`[${name}]`, `logpath = ${logOf(dir, name)}`, `bantime = ${bantimeSeconds}`, ...more].join('\n'),
  );
  return `[DEFAULT]
enabled = true
backend = polling
filter = login
findtime = 600
maxretry = 1
usedns = no
action = fail2networkban[spool=${spool}]

${sections.join('\n\n')}
`;
}
