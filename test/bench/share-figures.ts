import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { atMost, type Bench, type Figure, median } from './figure.ts';
import type { FloodTask } from './flood-script.ts';
import type { Place } from './place.ts';
import { ProxmoxProcess } from './proxmox-process.ts';

const warmUpMs = 5_000;
const loneBans = 100;
const betweenBansMs = 50;
const unbans = 10;
const enforceMaxMs = 60_000;

/** One client at full speed, beside one that bans an address now and then, and the operator. */
export const shareFigures: Bench = {
  name: 'shares',
  measure: async (place) => {
    const proxmox = await ProxmoxProcess.start(place, 'pve', { costModel: true });
    const server = await place.startServer('server', { enforcers: proxmox.section });
    const lone = await RawClient.connect(await server.enrolmentFor('web1'), place.certificates.caFile);
    const flood = place.startScript('flood-script', await floodTask(place, server));
    await flood.said(/answered [1-9]/);
    await delay(warmUpMs);
    const from = Number(flood.output.match(/answered (\d+)(?![\s\S]*answered)/)?.[1]);
    const startedMs = performance.now();
    const tookMs: number[] = [];
    for (let number = 1; number <= loneBans; number += 1) {
      tookMs.push(await ban(lone, number));
      await delay(betweenBansMs);
    }
    const unbannedMs: number[] = [];
    const commandedMs: number[] = [];
    for (let number = 1; number <= 2 * unbans; number += 2) {
      unbannedMs.push(await unban(place, server, { number, by: 'socket' }));
      commandedMs.push(await unban(place, server, { number: number + 1, by: 'command' }));
    }
    await flood.said(/answered/);
    const to = Number(flood.output.match(/answered (\d+)(?![\s\S]*answered)/)?.[1]);
    const perSecond = Math.round(((to - from) * 1_000) / (performance.now() - startedMs));
    return judge({ tookMs, unbannedMs, commandedMs, perSecond });
  },
};

interface Seen {
  readonly tookMs: readonly number[];
  readonly unbannedMs: readonly number[];
  /** With the start of the command. */
  readonly commandedMs: readonly number[];
  readonly perSecond: number;
}

function judge({ tookMs, unbannedMs, commandedMs, perSecond }: Seen): readonly Figure[] {
  const note = `beside a client with 8 connections and 1,000 jails that is answered ${perSecond.toLocaleString('en')} events a second`;
  return [
    atMost({ name: 'one ban beside a flood: median', value: median(tookMs), unit: 'ms', note }, 200),
    atMost({ name: 'one ban beside a flood: worst', value: Math.max(...tookMs), unit: 'ms', note }, 1_000),
    atMost(
      { name: 'unban beside a flood: out of cluster.fw', value: Math.max(...unbannedMs), unit: 'ms', note },
      1_000,
    ),
    atMost(
      {
        name: 'the same with the start of the command',
        value: Math.max(...commandedMs),
        unit: 'ms',
        note: `median ${Math.round(median(commandedMs))}; ${note}`,
      },
      1_000,
    ),
  ];
}

async function floodTask(place: Place, server: ServerProcess): Promise<FloodTask> {
  const { caFile } = place.certificates;
  const enrolment = await server.enrolmentFor('flood');
  return { enrolment, caFile, connections: 8, framesInFlight: 16, eventsPerFrame: 100, networks: 15_000, jails: 1_000 };
}

const networkOf = (number: number): string => `198.51.100.${2 * number}`;

/** @returns how long its acknowledgement took, milliseconds */
async function ban(client: RawClient, number: number): Promise<number> {
  const startedMs = performance.now();
  const event = { number, verb: 'ban', jail: 'sshd', network: networkOf(number), ttlSeconds: 3_600, source: 'jail' };
  await client.ask({ type: 'events', stream: 'lone-stream', events: [event] });
  return performance.now() - startedMs;
}

interface Unban {
  readonly number: number;
  readonly by: 'socket' | 'command';
}

/** @returns how long it took from the command to cluster.fw without the address, milliseconds */
async function unban(place: Place, server: ServerProcess, { number, by }: Unban): Promise<number> {
  const network = networkOf(number);
  const isIn = async (): Promise<boolean> => {
    await delay(10);
    return (await readFile(join(place.dir, 'pve', 'cluster.fw'), 'utf8')).includes(`${network} `);
  };
  await waitUntil(`${network} is enforced`, isIn, enforceMaxMs);
  const startedMs = performance.now();
  if (by === 'socket') await callLocalSocket(server.socket, 'unban', { network });
  else void server.command('unban', network);
  await waitUntil(`${network} is out`, async () => !(await isIn()), enforceMaxMs);
  return performance.now() - startedMs;
}
