import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import type { LoggedRequest } from '../emulators/proxmox/behaviour/request-log.ts';
import type { Place } from './place.ts';
import type { ProxmoxAddress, ProxmoxTask } from './proxmox-script.ts';

/** What was asked since the last look. */
export interface Traffic {
  readonly reads: number;
  readonly writes: readonly LoggedRequest[];
}

/** Writes a second, from the first to the answer to the last, one after the other. */
export function rateOf(writes: readonly LoggedRequest[]): number {
  const [first, last] = [writes[0], writes.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was written');
  return (writes.length * 1_000) / (last.atMs + last.tookMs - first.atMs);
}

/** The emulated Proxmox in a process of its own, so that it takes no time from whoever measures. */
export class ProxmoxProcess {
  readonly address: ProxmoxAddress;
  readonly #socket: string;

  private constructor(address: ProxmoxAddress, socket: string) {
    this.address = address;
    this.#socket = socket;
  }

  /** @param entries of ours that the blacklist holds at the start */
  static async start(
    place: Place,
    name: string,
    { costModel, entries = [] }: { readonly costModel: boolean; readonly entries?: readonly Network[] },
  ): Promise<ProxmoxProcess> {
    const dir = join(place.dir, name);
    const socket = `${dir}.sock`;
    await mkdir(dir);
    await writeFile(join(dir, 'cluster.fw'), clusterFwOf(entries));
    const task: ProxmoxTask = { dir, socket, costModel };
    const [line] = await place.startScript('proxmox-script', task).said(/\{.*\}/);
    return new ProxmoxProcess(JSON.parse(line) as ProxmoxAddress, socket);
  }

  /** The section of server.ini. */
  get section(): readonly string[] {
    const { host, port, caFile, token } = this.address;
    return ['[proxmox main]', `url = https://${host}:${port}`, `ca = ${caFile}`, `token = ${token}`];
  }

  /** Entries of the blacklist. */
  async count(): Promise<number> {
    const { entries } = await callLocalSocket(this.#socket, 'count', {});
    return Number(entries);
  }

  /** Since the start, or since {@link forget}. @throws when a write failed */
  async traffic(): Promise<Traffic> {
    const { requests } = (await callLocalSocket(this.#socket, 'log', {})) as { requests: readonly LoggedRequest[] };
    const writes = requests.filter(({ method }) => method !== 'GET');
    const failed = writes.find(({ status }) => status !== 200);
    if (failed !== undefined) throw new Error(`${failed.method} ${failed.path} ended with ${failed.status}`);
    return { reads: requests.length - writes.length, writes };
  }

  async forget(): Promise<void> {
    await callLocalSocket(this.#socket, 'forget', {});
  }
}

function clusterFwOf(entries: readonly Network[]): string {
  const lines = entries.map((network) => `${network} # f2nb sshd host0`);
  return ['[OPTIONS]', '', 'enable: 1', '', '[IPSET blacklist]', '', ...lines, ''].join('\n');
}
