import { mkdtemp, rm } from 'node:fs/promises';
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

/** An emulated Proxmox, the real server, and two fail2ban hosts with a real agent each. */
export interface Stage {
  readonly proxmox: EmulatedProxmox;
  readonly server: ServerProcess;
  readonly web: AgentProcess;
  readonly mail: AgentProcess;
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
  const [web, mail] = await Promise.all([host('web1'), host('mail1')]);
  return {
    proxmox,
    server,
    web,
    mail,
    strangerEnrolment: await server.enrolmentFor('probe1'),
    caFile: certificates.caFile,
    close: async () => {
      await Promise.all([web, mail, server].map((program) => program.stop()));
      await proxmox.close();
      await rm(dir, { recursive: true });
    },
  };
}
