import { setTimeout as delay } from 'node:timers/promises';
import type { Network } from '../../shared/network.ts';
import type { LoggedRequest } from '../emulators/proxmox/behaviour/request-log.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { atLeastOfPeer, atMost, type Bench, type Measurement } from './figure.ts';
import { addresses } from './networks.ts';
import type { Place } from './place.ts';
import type { PostTask } from './post-script.ts';
import { ProxmoxProcess, rateOf } from './proxmox-process.ts';

const backlog = 2_000;
const freshBans = 8;
const total = backlog + freshBans;
const earlyWrites = 200;
const eventsPerFrame = 500;
const fillMaxMs = 180_000;

/** An empty blacklist, 2,000 bans at once, and some while they are being carried out. */
export const fillFigures: Bench = {
  name: 'fill',
  measure: async (place) => {
    const { writes, worstCalls } = await fillByServer(place);
    const kept = await fillByScript(place, 'kept connection');
    const library = await fillByScript(place, 'proxmox-api');
    return [
      atLeastOfPeer({ name: 'filling: of bare POSTs', ...compare(writes, { name: 'bare POSTs', writes: kept }) }, 0.95),
      atLeastOfPeer(
        { name: 'filling: of proxmox-api', ...compare(writes, { name: 'proxmox-api', writes: library }) },
        1.3,
      ),
      atMost(
        {
          name: 'fresh ban behind 2,000',
          value: worstCalls,
          unit: 'calls',
          note: `the worst of ${freshBans}, its own call and the one under way included, by the order of the server's log`,
        },
        2,
      ),
    ];
  },
};

/** The longer the list, the more of a write's time is Proxmox's own, whoever asks: so the beginning is told apart. */
function compare(
  ours: readonly LoggedRequest[],
  { name, writes }: { readonly name: string; readonly writes: readonly LoggedRequest[] },
): Omit<Measurement, 'name'> {
  const early = rateOf(ours.slice(0, earlyWrites)) / rateOf(writes.slice(0, earlyWrites));
  return {
    value: rateOf(ours),
    unit: 'writes/s',
    peer: { name, value: rateOf(writes) },
    note: `${total} writes by the log of the emulated Proxmox; the first ${earlyWrites} alone: ${early.toFixed(2)}`,
  };
}

async function fillByServer(
  place: Place,
): Promise<{ readonly writes: readonly LoggedRequest[]; readonly worstCalls: number }> {
  const proxmox = await ProxmoxProcess.start(place, 'fill-server', { costModel: true });
  const server = await place.startServer('server', { enforcers: proxmox.section });
  const client = await RawClient.connect(await server.enrolmentFor('host0'), place.certificates.caFile);
  await server.program.said(/"msg":"ready"/);
  const networks = addresses(total);
  for (let from = 0; from < backlog; from += eventsPerFrame) {
    await ban(client, networks.slice(from, Math.min(from + eventsPerFrame, backlog)), from + 1);
  }
  const fresh = networks.slice(backlog);
  for (const [index, network] of fresh.entries()) {
    await waitUntil('a part is filled', () => isFilled(proxmox, (index * backlog) / freshBans), fillMaxMs);
    await ban(client, [network], backlog + index + 1);
  }
  await waitUntil('all is filled', () => isFilled(proxmox, total), fillMaxMs);
  const { writes } = await proxmox.traffic();
  await client.close();
  await server.stop();
  const done = doneLines(server);
  if (done.length !== writes.length)
    throw new Error(`${done.length} writes in the server's log, ${writes.length} at Proxmox`);
  const calls = fresh.map((network) => callsBefore(server, network));
  return { writes, worstCalls: Math.max(...calls) };
}

async function fillByScript(place: Place, way: PostTask['way']): Promise<readonly LoggedRequest[]> {
  const proxmox = await ProxmoxProcess.start(place, `fill-${way.replace(' ', '-')}`, { costModel: true });
  const task: PostTask = { ...proxmox.address, way, count: total };
  // proxmox-api has no way to name an authority.
  const environment = way === 'proxmox-api' ? { NODE_EXTRA_CA_CERTS: proxmox.address.caFile } : {};
  const script = place.startScript('post-script', task, { environment });
  await script.ended;
  if (script.finished().code !== 0) throw new Error(`${way} failed: ${script.output}`);
  const { writes } = await proxmox.traffic();
  return writes;
}

async function isFilled(proxmox: ProxmoxProcess, count: number): Promise<boolean> {
  // Seldom, so that looking costs the emulated Proxmox nothing.
  await delay(200);
  return (await proxmox.count()) >= count;
}

async function ban(client: RawClient, networks: readonly Network[], firstNumber: number): Promise<void> {
  const events = networks.map((network, index) => ({
    number: firstNumber + index,
    verb: 'ban',
    jail: 'sshd',
    network,
    ttlSeconds: 3_600,
    source: 'jail',
  }));
  const { results } = await client.ask({ type: 'events', stream: 'fill-stream', events });
  const refused = (results as { outcome: string }[]).find(({ outcome }) => outcome !== 'recorded');
  if (refused !== undefined) throw new Error(JSON.stringify(refused));
}

function doneLines({ program }: ServerProcess): readonly string[] {
  return program.output.split('\n').filter((line) => line.includes('"msg":"add done"'));
}

/** How many calls ended between the line of the decision and the end of the network's own call. */
function callsBefore({ program }: ServerProcess, network: Network): number {
  const lines = program.output.split('\n').filter((line) => /"msg":"(ban|add done)"/.test(line));
  const isOf = (line: string): boolean => line.includes(`"network":"${network}"`);
  const decidedAt = lines.findIndex(isOf);
  const doneAt = lines.findLastIndex(isOf);
  return lines.slice(decidedAt, doneAt + 1).filter((line) => line.includes('"msg":"add done"')).length;
}
