import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { type DoctorHost, examine } from '../../../server/doctor/doctor.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Report } from '../../../shared/finding.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import { callLocalSocket } from '../../../shared/host/local-socket.ts';
import { parseObject } from '../../../shared/sealed-channel.ts';
import { version } from '../../../shared/version.ts';
import { type CertificateOptions, makeCertificates } from '../../certificates.ts';
import type { EmulatedProxmox } from '../../emulators/proxmox/emulated-proxmox.ts';

/** What of server.ini a test sets; the rest is as a good installation has it. */
export interface Installation {
  readonly certificate?: CertificateOptions;
  /** 0 by default. */
  readonly port?: number;
  /** More lines of `[server]`. */
  readonly server?: string;
  /** None by default. */
  readonly proxmox?: EmulatedProxmox;
  /** As `f2nb@pve!doctor`. */
  readonly token?: string;
  /** More lines of `[proxmox main]`. */
  readonly section?: string;
}

/** A doctor with a configuration of its own, and the server of that configuration when it is started. */
export interface DoctorUnderTest {
  readonly folder: string;
  readonly host: DoctorHost;
  examine(host?: Partial<DoctorHost>): Promise<Report>;
  /** Starts the real server and returns its port. It ends with the test. */
  startServer(): Promise<number>;
  /** Asks the running server. */
  ask(verb: string, args: object): Promise<unknown>;
  /** Replaces server.ini, and the certificate when one is given. */
  install(installation: Installation): Promise<void>;
}

const program = join(import.meta.dirname, '..', '..', '..', 'server', 'main.js');

/** Everything is gone when the test ends. */
export async function makeDoctor(
  test: Pick<TestContext, 'after'>,
  installation: Installation = {},
): Promise<DoctorUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  const servers: ChildProcess[] = [];
  test.after(async () => {
    for (const server of servers) {
      server.kill();
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true });
  });
  const configFile = join(folder, 'server.ini');
  const socket = join(folder, 'admin.sock');
  const install = (next: Installation) => writeInstallation(folder, next);
  await install({ certificate: {}, ...installation });
  const host: DoctorHost = {
    configFile,
    credentialsFolder: undefined,
    clock: systemClock,
    run: commandRunner('/usr/bin:/bin:/usr/sbin:/sbin'),
    version,
    ownAddresses: () => [],
    sshConnection: undefined,
    proxmoxFolder: join(folder, 'etc-pve'),
    service: { start: 'start it', restart: 'restart it', status: 'look at it' },
    signal: new AbortController().signal,
  };
  return {
    folder,
    host,
    install,
    ask: (verb, args) => callLocalSocket(socket, verb, args),
    examine: (other = {}) => examine({ ...host, ...other }),
    startServer: async () => {
      const server = spawn(process.execPath, [program, 'run', '--config', configFile], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      servers.push(server);
      for await (const line of createInterface(server.stdout)) {
        const { msg, port } = parseObject(line) ?? {};
        if (msg === 'ready') return Number(port);
      }
      throw new Error('the server ended before it was ready');
    },
  };
}

/** The stable codes of what it found. */
export function codesOf({ findings }: Report): string[] {
  return findings.map(({ code }) => code).sort();
}

async function writeInstallation(folder: string, installation: Installation): Promise<void> {
  const { proxmox, token, certificate } = installation;
  if (certificate !== undefined) await makeCertificates(join(folder, 'tls'), certificate);
  const section = proxmox && [
    '[proxmox main]',
    `url = ${proxmox.url}`,
    `ca = ${proxmox.caFile}`,
    `token = ${token === undefined ? proxmox.token : proxmox.tokenOf(token)}`,
    installation.section ?? '',
  ];
  const lines = [
    '[server]',
    `port = ${installation.port ?? 0}`,
    'public_host = localhost',
    `database = ${join(folder, 'ledger.db')}`,
    `socket = ${join(folder, 'admin.sock')}`,
    ...(installation.server?.includes('certificate') === true || installation.server?.includes('plaintext') === true
      ? []
      : [`certificate = ${join(folder, 'tls', 'cert.pem')}`, `certificate_key = ${join(folder, 'tls', 'key.pem')}`]),
    installation.server ?? '',
    ...(section ?? []),
  ];
  await writeFile(join(folder, 'server.ini'), `${lines.join('\n')}\n`, { mode: 0o640 });
}
