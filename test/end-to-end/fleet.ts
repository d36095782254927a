import { join } from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { AgentProcess } from './agent-process.ts';
import { Fail2banProcess, type Jail } from './fail2ban-process.ts';
import { assertBlocks, blocksExactly, sectionFor, startProxmox } from './proxmox-under-test.ts';
import { ServerProcess } from './server-process.ts';

export interface FleetOptions {
  /** Lines for `[policy]`. */
  readonly policy?: readonly string[];
  /** Sections of enforcers besides `[proxmox main]`. */
  readonly enforcers?: readonly string[];
  /** More lines for `[proxmox main]`. */
  readonly firewall?: readonly string[];
  /** Folder of the server's files; one that goes with the test by default. */
  readonly serverDir?: string;
}

/** What one host runs. */
export interface HostOptions {
  /** None by default: then `fail2ban` may not be used. */
  readonly jails?: readonly Jail[];
  /** More sections for client.ini. */
  readonly sections?: readonly string[];
  /** Options of `client add`. */
  readonly rights?: readonly string[];
  /** Its address of the server; made with `client add NAME` by default. */
  readonly enrolment?: string;
}

/** A fail2ban host with its agent. */
export interface Host {
  readonly agent: AgentProcess;
  readonly fail2ban: Fail2banProcess;
}

/** An emulated Proxmox, the real server, and hosts with a real fail2ban and a real agent each. */
export class Fleet {
  readonly dir: string;
  readonly proxmox: EmulatedProxmox;
  readonly certificates: Certificates;
  readonly server: ServerProcess;
  readonly #ending: Ending;

  private constructor(parts: Pick<Fleet, 'dir' | 'proxmox' | 'certificates' | 'server'>, ending: Ending) {
    this.dir = parts.dir;
    this.proxmox = parts.proxmox;
    this.certificates = parts.certificates;
    this.server = parts.server;
    this.#ending = ending;
  }

  /** Starts Proxmox and the server. All of it ends with the test. */
  static async start(test: Ending, options: FleetOptions = {}): Promise<Fleet> {
    const ending = lastFirst(test);
    const dir = await makeFolder(ending);
    const proxmox = await startProxmox(join(dir, 'proxmox'));
    ending.after(() => proxmox.close());
    const certificates = await makeCertificates(join(dir, 'tls'));
    const server = await ServerProcess.start({
      dir: options.serverDir ?? join(dir, 'server'),
      certificates,
      policy: options.policy ?? [],
      enforcers: [...(options.enforcers ?? []), ...sectionFor('main', proxmox), ...(options.firewall ?? [])],
    });
    ending.after(() => server.stop());
    return new Fleet({ dir, proxmox, certificates, server }, ending);
  }

  /** Enrols a host and starts what it runs. */
  async host(name: string, { jails = [], sections = [], rights = [], enrolment }: HostOptions = {}): Promise<Host> {
    const dir = join(this.dir, name);
    const agent = await AgentProcess.prepare({
      dir,
      enrolments: { main: enrolment ?? (await this.server.enrolmentFor(name, ...rights)) },
      agent: [`fail2ban_socket = ${join(dir, 'fail2ban', 'fail2ban.sock')}`, 'jail_check = 10s', ...sections],
    });
    const fail2ban = await Fail2banProcess.prepare({ dir: join(dir, 'fail2ban'), spool: agent.spool, jails });
    if (jails.length > 0) await fail2ban.start();
    this.#ending.after(() => fail2ban.stop());
    await agent.start();
    this.#ending.after(() => agent.stop());
    return { agent, fail2ban };
  }

  /** Waits until cluster.fw blocks exactly these networks of ours, and is otherwise as the administrator wrote it. */
  async blocks(networks: readonly string[], mostMs?: number): Promise<void> {
    try {
      await blocksExactly(this.proxmox, networks, mostMs);
    } catch (cause) {
      const { enforcers } = await this.server.ask('status');
      throw new Error(`${describeError(cause)}\nthe server says ${JSON.stringify(enforcers)}`, { cause });
    }
  }

  /** Fails unless that is so now. */
  assertBlocks(networks: readonly string[]): void {
    assertBlocks(this.proxmox, networks);
  }
}
