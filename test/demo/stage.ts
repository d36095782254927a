import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../certificates.ts';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { startEmulatedProxmox } from '../emulators/proxmox/start-emulated-proxmox.ts';
import { AgentProcess } from '../end-to-end/agent-process.ts';
import { ServerProcess } from '../end-to-end/server-process.ts';

/** The administrator's own entry, which nobody may touch. */
export const ownEntry = '192.0.2.250 # my own, by hand';

const clusterFw = `[OPTIONS]

enable: 1
policy_in: DROP

[IPSET blacklist] # blocked everywhere

${ownEntry}

[RULES]

IN ACCEPT -source +management -p tcp -dport 22 -log nolog

`;

/** An emulated Proxmox, the real server, two fail2ban hosts with a real agent each, and a host that learns from them. */
export interface Stage {
  readonly proxmox: EmulatedProxmox;
  readonly server: ServerProcess;
  readonly web: AgentProcess;
  readonly mail: AgentProcess;
  /** What the command of a third host was told, a line each; that host bans nothing itself. */
  readBlocked(): Promise<string>;
  /** An enrolment line for a client that speaks the protocol by itself. */
  readonly strangerEnrolment: string;
  readonly caFile: string;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'fail2networkban-demo-'));
  const proxmox = await startEmulatedProxmox({ dir: join(dir, 'proxmox'), clusterFw, costModel: true });
  const certificates = await makeCertificates(join(dir, 'tls'));
  const server = await ServerProcess.start({
    dir: join(dir, 'server'),
    certificates,
    policy: ['whitelist = 198.51.100.0/24'],
    enforcers: ['[proxmox main]', `url = ${proxmox.url}`, `ca = ${proxmox.caFile}`, `token = ${proxmox.token}`],
  });
  const host = async (name: string): Promise<AgentProcess> =>
    AgentProcess.start({ dir: join(dir, name), enrolments: { main: await server.enrolmentFor(name) } });
  const blocked = join(dir, 'blocked.txt');
  const [web, mail, peer] = await Promise.all([host('web1'), host('mail1'), startPeer(dir, server, blocked)]);
  return {
    proxmox,
    server,
    web,
    mail,
    readBlocked: () => readFile(blocked, 'utf8'),
    strangerEnrolment: await server.enrolmentFor('probe1'),
    caFile: certificates.caFile,
    close: async () => {
      await Promise.all([web, mail, peer, server].map((program) => program.stop()));
      await proxmox.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** A host that subscribes to the bans of the others, and blocks them by a command: here it only writes them down. */
async function startPeer(dir: string, server: ServerProcess, blocked: string): Promise<AgentProcess> {
  const script = join(dir, 'block.mjs');
  await writeFile(blocked, '');
  const program =
    "import { appendFileSync } from 'node:fs';\nappendFileSync(process.argv[2], process.argv.slice(3).join(' ') + '\\n');\n";
  await writeFile(script, program);
  const argv = `"${process.execPath}" "${script}" "${blocked}" {verb} {network} {client}`;
  return await AgentProcess.start({
    dir: join(dir, 'db1'),
    enrolments: { main: await server.enrolmentFor('db1', '--may', 'subscribe') },
    agent: ['', '[subscription others]', 'enforcer = command:block', '', '[command block]', `argv = ${argv}`],
  });
}
