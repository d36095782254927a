import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { differenceOf } from '../attack/differences.ts';
import type { EmulatedUser } from '../emulators/proxmox/access/accounts.ts';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { startEmulatedProxmox } from '../emulators/proxmox/start-emulated-proxmox.ts';
import { waitUntil } from './wait-until.ts';

/** cluster.fw as the administrator wrote it: none of it may ever change. */
export const administratorsFile = `[OPTIONS]

enable: 1
policy_in: DROP

[IPSET blacklist] # blocked everywhere

192.0.2.250 # my own, by hand

[RULES]

IN ACCEPT -source +management -p tcp -dport 22 -log nolog

`;

/** Waits of the emulated Proxmox in a hundredth of the real time. */
const quickly = { unauthorizedMs: 30, lockTimeoutMs: 100, lockPollMs: 10, daemonTimeoutMs: 300 };

/** One user with one token, whose secret stays when Proxmox is started again. */
const users: readonly EmulatedUser[] = [
  {
    id: 'f2nb@pve',
    acl: [{ path: '/', privileges: ['Sys.Audit', 'Sys.Modify'], propagate: true }],
    tokens: [{ name: 'server', separated: false, secret: '7d9b1c4e-5a0f-4c56-9d3a-2f1f6f1f7c11' }],
  },
];

/** An emulated Proxmox with {@link administratorsFile}; port 0 takes a free one. */
export function startProxmox(dir: string, port = 0): Promise<EmulatedProxmox> {
  return startEmulatedProxmox({ dir, port, users, clusterFw: administratorsFile, delays: quickly });
}

/** The section of the configuration for an emulated Proxmox. */
export function sectionFor(name: string, { url, caFile, token }: EmulatedProxmox): string[] {
  return [`[proxmox ${name}]`, `url = ${url}`, `ca = ${caFile}`, `token = ${token}`];
}

/** Waits until cluster.fw blocks exactly these networks of ours, and is otherwise as the administrator wrote it. */
export async function blocksExactly(
  proxmox: EmulatedProxmox,
  networks: readonly string[],
  mostMs?: number,
): Promise<void> {
  const wanted = networks.toSorted();
  const isSo = (): boolean => isDeepStrictEqual(oursIn(proxmox), wanted);
  // What differs says more than that the time is over.
  await waitUntil('cluster.fw blocks what it should', isSo, mostMs).catch(() => undefined);
  assert.equal(differenceOf(oursIn(proxmox), wanted), undefined);
  assertBlocks(proxmox, networks);
}

/** Fails unless that is so now. */
export function assertBlocks(proxmox: EmulatedProxmox, networks: readonly string[]): void {
  assert.deepEqual(oursIn(proxmox), networks.toSorted());
  const rest = linesOf(proxmox).filter((line) => !isOurs(line));
  assert.equal(rest.join('\n'), administratorsFile);
}

function oursIn(proxmox: EmulatedProxmox): string[] {
  return linesOf(proxmox)
    .filter(isOurs)
    .map((line) => line.slice(0, line.indexOf(' ')))
    .toSorted();
}

function linesOf(proxmox: EmulatedProxmox): string[] {
  return (proxmox.readClusterFw() ?? '').split('\n');
}

function isOurs(line: string): boolean {
  return / # f2nb:\w+ /.test(line);
}
