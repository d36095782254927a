import type { Clock } from '../../../shared/clock.ts';
import { describeError, EnforcerError } from '../../../shared/errors.ts';
import { isAnswer } from '../../enforcers/answer-error.ts';
import { type ClusterFacts, readClusterFacts } from '../../enforcers/proxmox/cluster-facts.ts';
import type { ProxmoxSettings } from '../../enforcers/proxmox/proxmox-settings.ts';
import { ProxmoxTransport } from '../../enforcers/proxmox/proxmox-transport.ts';
import { readWrittenByHand, type WrittenByHand } from '../../enforcers/proxmox/written-by-hand.ts';
import { authorityOf } from '../../outgoing/endpoint.ts';
import { lookMaxMs } from './look-max.ts';

/** What is known of the Proxmox of one section. */
export interface ProxmoxFacts {
  /** `proxmox/main` */
  readonly name: string;
  /** `HOST:PORT` */
  readonly authority: string;
  /** `USER@REALM!TOKENID`, without its secret. */
  readonly token: string;
  /** The name of the ipset. */
  readonly ipset: string;
  readonly maxEntries: number;
  readonly cluster: ClusterFacts | Unreachable;
  /** cluster.fw, where this host has it and may read it. */
  readonly file: WrittenByHand | undefined;
  /** Our clock before and after reading, milliseconds since the epoch. */
  readonly readBetweenMs: readonly [number, number];
}

/** It could not be asked at all. */
export interface Unreachable {
  readonly unreachable: string;
  /** Whether it answered that it does not know the token. */
  readonly isTokenRefused: boolean;
}

/** What the process and the host give to the reading. */
export interface ProxmoxReader {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `/etc/pve`, where this host is a node. */
  readonly proxmoxFolder: string;
}

export async function readProxmox(
  settings: ProxmoxSettings,
  { clock, signal, proxmoxFolder }: ProxmoxReader,
): Promise<ProxmoxFacts> {
  const { name, endpoint, readToken, ipset, limits } = settings;
  const transport = new ProxmoxTransport({ endpoint, readToken, clock, callMaxMs: lookMaxMs });
  const before = clock.now();
  try {
    const cluster = await readCluster(transport, ipset, signal);
    return {
      name: `proxmox/${name}`,
      authority: authorityOf(endpoint),
      token: readToken().split('=')[0] ?? '',
      ipset,
      maxEntries: limits.maxEntries,
      cluster,
      file: await readWrittenByHand(proxmoxFolder).catch(() => undefined),
      readBetweenMs: [before, clock.now()],
    };
  } finally {
    transport.close();
  }
}

async function readCluster(
  transport: ProxmoxTransport,
  ipset: string,
  signal: AbortSignal,
): Promise<ProxmoxFacts['cluster']> {
  try {
    return await readClusterFacts(transport, ipset, signal);
  } catch (error) {
    if (!(error instanceof EnforcerError)) throw error;
    return { unreachable: describeError(error), isTokenRefused: isAnswer(error, 401) };
  }
}
