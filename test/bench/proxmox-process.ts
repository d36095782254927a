import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commentFor } from '../../server/enforcers/proxmox/ipset-entries.ts';
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

/** Entries that a blacklist holds at the start. */
export interface OwnedEntries {
  readonly networks: readonly Network[];
  /** Id of the ledger that owns them, as {@link writeLedger} returns it. */
  readonly mark: string;
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

  static async start(
    place: Place,
    name: string,
    { costModel, holds }: { readonly costModel: boolean; readonly holds?: OwnedEntries },
  ): Promise<ProxmoxProcess> {
    const dir = join(place.dir, name);
    const socket = `${dir}.sock`;
    await mkdir(dir);
    await writeFile(join(dir, 'cluster.fw'), clusterFwOf(holds));
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

function clusterFwOf({ networks, mark }: OwnedEntries = { networks: [], mark: '' }): string {
  const lines = networks.map((network) => `${network} # ${commentFor(mark, 'sshd host0')}`);
  return ['[OPTIONS]', '', 'enable: 1', '', '[IPSET blacklist]', '', ...lines, ''].join('\n');
}
