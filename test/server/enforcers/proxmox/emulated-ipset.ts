import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedFirewall } from '../../../../server/enforcers/opened-firewall.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { ClusterFileRoom } from '../../../../server/enforcers/proxmox/cluster-file-room.ts';
import { ProxmoxIpset } from '../../../../server/enforcers/proxmox/proxmox-ipset.ts';
import { ProxmoxTransport } from '../../../../server/enforcers/proxmox/proxmox-transport.ts';
import { type Clock, systemClock } from '../../../../shared/clock.ts';
import type { EmulatedProxmox, EmulatedProxmoxOptions } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { startEmulatedProxmox } from '../../../emulators/proxmox/start-emulated-proxmox.ts';

/** An emulated Proxmox in a folder of its own, with waits that tests need not feel. */
export async function startProxmox(options: Partial<EmulatedProxmoxOptions> = {}): Promise<EmulatedProxmox> {
  const dir = mkdtempSync(join(tmpdir(), 'f2nb-proxmox-'));
  const proxmox = await startEmulatedProxmox({
    dir,
    delays: { unauthorizedMs: 0, lockTimeoutMs: 0, lockPollMs: 1, daemonTimeoutMs: 0, clusterFilesystemMs: 0 },
    ...options,
  });
  return {
    ...proxmox,
    close: async () => {
      await proxmox.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function transportTo(
  proxmox: EmulatedProxmox,
  token = proxmox.token,
  clock: Clock = systemClock,
): ProxmoxTransport {
  const { host, port, caPem } = proxmox;
  const trust = { kind: 'ca', readPem: () => caPem } as const;
  return new ProxmoxTransport({ endpoint: { scheme: 'https', host, port, trust }, readToken: () => token, clock });
}

/** @param clock for how old a look may be; the time limits of calls are real */
export function ipsetOn(proxmox: EmulatedProxmox, clock: Clock = systemClock, token = proxmox.token): ProxmoxIpset {
  return ipsetWithRoom(proxmox, { clock, token, mark: 'test' }).enforcer;
}

/** The same as a server has it. @param mark of its ledger */
export function firewallOn(proxmox: EmulatedProxmox, mark: string): OpenedFirewall {
  const { enforcer, room } = ipsetWithRoom(proxmox, { clock: systemClock, token: proxmox.token, mark });
  return {
    enforcer,
    room,
    onDoubt: (relist) => room.onDoubt(relist),
    limits: { maxEntries: 10_000, merge: false, resyncSeconds: 300 },
    protectedSources: [],
  };
}

function ipsetWithRoom(
  proxmox: EmulatedProxmox,
  { clock, token, mark }: { readonly clock: Clock; readonly token: string; readonly mark: string },
): { readonly enforcer: ProxmoxIpset; readonly room: ClusterFileRoom } {
  const room = new ClusterFileRoom({ mark, ipset: 'blacklist', clock, file: undefined });
  const enforcer = new ProxmoxIpset({
    name: 'main',
    ipset: 'blacklist',
    clock,
    soon: setImmediate,
    transport: transportTo(proxmox, token),
    marks: new OwnMarks([mark]),
    room,
  });
  return { enforcer, room };
}

/** Changes the lines of the ipset as an editor would. */
export function editIpset(proxmox: EmulatedProxmox, edit: (lines: readonly string[]) => readonly string[]): void {
  const text = proxmox.readClusterFw() ?? '';
  const [head = '', body = ''] = text.split(/(?<=\[IPSET blacklist\][^\n]*\n\n)/);
  const lines = edit(body.split('\n').filter((line) => line !== ''));
  proxmox.writeClusterFw(
    `${body === '' ? `${text}[IPSET blacklist]\n\n` : head}${lines.map((line) => `${line}\n`).join('')}\n`,
  );
}
