import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { defaultUser, type SetupHost, type SetupOptions, setUp } from '../../../server/setup/setup.ts';
import { commandRunner, type RunCommand } from '../../../shared/host/command-runner.ts';
import { NotRunningError } from '../../../shared/host/local-socket.ts';
import { findSupervisor } from '../../../shared/host/supervisor.ts';
import { makeCertificates } from '../../certificates.ts';
import { ManualClock } from '../../manual-clock.ts';
import type { PveumState } from './pveum-state.ts';

/** A folder that stands for a Proxmox host: its /etc/pve, its programs, its /etc/fail2networkban. */
export interface TemporaryHost {
  readonly folder: string;
  readonly configFile: string;
  readonly proxmoxFolder: string;
  /** Runs its programs, and those of this machine. */
  readonly runWithSystem: RunCommand;
  /** Runs setup and returns what it printed. */
  setUp(options?: Partial<SetupOptions>, host?: Partial<SetupHost>): Promise<string>;
  pveum(): Promise<PveumState>;
  /** Of the configuration folder: names with modes, as `server.ini 640`. */
  files(): Promise<string[]>;
}

/** Its programs: pveum, and those that would change the host's own accounts. */
const programs = (state: string): Readonly<Record<string, string>> => ({
  pveum: `exec '${process.execPath}' '${join(import.meta.dirname, 'emulated-pveum.js')}' '${state}/pveum.json' "$@"`,
  getent: `[ "$1" = passwd ] && [ "$2" = fail2networkban ] && [ -e '${state}/account' ] || exit 2
echo "fail2networkban:x:${process.getuid?.()}:${process.getgid?.()}::/nonexistent:/usr/sbin/nologin"`,
  useradd: `[ "$*" = "--system --user-group --no-create-home --shell /usr/sbin/nologin fail2networkban" ] || exit 2
: > '${state}/account'`,
});

/** The host is gone when the test ends. */
export async function makeHost(test: Pick<TestContext, 'after'>): Promise<TemporaryHost> {
  const folder = await mkdtemp(join(tmpdir(), 'proxmox-host-'));
  test.after(() => rm(folder, { recursive: true }));
  const proxmoxFolder = join(folder, 'etc', 'pve');
  const configFile = join(folder, 'etc', 'fail2networkban', 'server.ini');
  const bin = join(folder, 'bin');
  await mkdir(join(proxmoxFolder, 'local'), { recursive: true });
  await mkdir(bin);
  await mkdir(join(folder, 'run', 'systemd', 'system'), { recursive: true });
  const { caFile } = await makeCertificates(join(folder, 'authority'));
  await writeFile(join(proxmoxFolder, 'pve-root-ca.pem'), await readFile(caFile), { mode: 0o640 });
  for (const [name, text] of Object.entries(programs(folder))) {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return {
    folder,
    configFile,
    proxmoxFolder,
    runWithSystem: commandRunner(`${bin}:/usr/bin:/bin`),
    setUp: async (options = {}, host = {}) => {
      const lines: string[] = [];
      await setUp(
        {
          configFile,
          ledgerFolder: '/var/lib/fail2networkban',
          user: defaultUser,
          auditsGuests: false,
          isWithoutProxmox: false,
          isConfirmed: false,
          isUndo: false,
          leavesEntries: true,
          ...options,
        },
        {
          run: commandRunner(bin),
          isRoot: true,
          proxmoxFolder,
          clock: new ManualClock(),
          hostname: 'bans.example.org',
          supervisor: findSupervisor(folder),
          unitFolder: undefined,
          isUnitKnown: false,
          askServer: () => Promise.reject(new NotRunningError('no server runs')),
          print: (text) => lines.push(text),
          diagnose: () => Promise.resolve(),
          ...host,
        },
      );
      return lines.join('\n');
    },
    pveum: async () => JSON.parse(await readFile(join(folder, 'pveum.json'), 'utf8')),
    files: async () => {
      const names = (await readdir(join(configFile, '..'))).sort();
      return await Promise.all(
        names.map(async (name) => `${name} ${((await stat(join(configFile, '..', name))).mode & 0o777).toString(8)}`),
      );
    },
  };
}
