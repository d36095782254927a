import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { AgentProcess } from '../end-to-end/agent-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { FeedTask, Told } from './feed-client.ts';
import { atMost, type Bench, type Figure, median } from './figure.ts';
import { addresses } from './networks.ts';
import { type Place, requireProgram, residentMegabytes } from './place.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const connectionsEach = 8;
const standing = 100_000;
/** Beyond the addresses of feed-client.ts. */
const standingFrom = 5_000_000;

/** The feed: one change to very many hosts, very many idle hosts, and one host that begins with very many bans. */
export const feedFigures: Bench = {
  name: 'feed',
  measure: async (place) => {
    await requireProgram('taskset', 'util-linux');
    return [
      ...(await fanOut(place)),
      ...(await idle(place)),
      ...(await snapshot(place)),
      ...(await agentWithPeers(place)),
    ];
  },
};

async function fanOut(place: Place): Promise<Figure[]> {
  const { told } = await follow(place, 'fan-out', { hosts: 1_000, rounds: 20 });
  const note = `median of ${told.allMs.length} bans; half of them know after ${median(told.halfMs).toFixed(1)} ms; the server on core 0, the hosts on core 1`;
  return [atMost({ name: 'feed: a ban reaches 1,000 hosts', value: median(told.allMs), unit: 'ms', note }, 100)];
}

async function idle(place: Place): Promise<Figure[]> {
  const { megabytes } = await follow(place, 'idle', { hosts: 10_000, rounds: 0 });
  return [
    atMost(
      { name: 'server: memory with 10,000 idle hosts', value: megabytes, unit: 'MB', note: 'over TLS, all subscribed' },
      1_024,
    ),
  ];
}

async function snapshot(place: Place): Promise<Figure[]> {
  await writeLedger(join(place.dir, 'snapshot', 'ledger.db'), reportsOf(addresses(standing, standingFrom), 20));
  const { told, megabytes } = await follow(place, 'snapshot', { hosts: connectionsEach, rounds: 1 });
  const note = `${(told.snapshotBytes / 1_000_000).toFixed(1)} MB on the wire; the server then holds ${megabytes.toFixed(0)} MB`;
  return [atMost({ name: 'feed: a snapshot of 100,000 bans', value: told.snapshotMs, unit: 'ms', note }, 5_000)];
}

/** A real agent that knows of very many bans of others; the jail that should hold them is not there. */
async function agentWithPeers(place: Place): Promise<Figure[]> {
  await writeLedger(join(place.dir, 'peers', 'ledger.db'), reportsOf(addresses(standing, standingFrom), 20));
  const server = await place.startServer('peers', { policy: ['reports_per_client = 1000000'] });
  const agent = await AgentProcess.start({
    dir: join(place.dir, 'agent'),
    enrolments: { main: await server.enrolmentFor('follower', '--may', 'subscribe') },
    agent: ['fail2ban_client = /bin/false', '', '[subscription all]', 'enforcer = jail:peers'],
  });
  place.atEnd(() => agent.kill());
  await waitUntil('the agent knows all', async () => {
    const { servers } = (await agent.ask('status')) as { servers: { feed: { reports: number } }[] };
    return servers[0]?.feed.reports === standing;
  });
  const megabytes = await residentMegabytes(agent.program.pid);
  return [atMost({ name: 'agent: memory with 100,000 bans of others', value: megabytes, unit: 'MB' }, 200)];
}

async function follow(
  place: Place,
  name: string,
  { hosts, rounds }: { readonly hosts: number; readonly rounds: number },
): Promise<{ readonly told: Told; readonly megabytes: number }> {
  const server = await place.startServer(name, { policy: ['reports_per_client = 1000000'] });
  await promisify(execFile)('taskset', ['-a', '-c', '-p', '0', String(server.program.pid)]);
  const enrolmentsFile = join(place.dir, name, 'enrolments');
  const lines = await enroll(join(place.dir, name, 'admin.sock'), hosts / connectionsEach);
  await writeFile(enrolmentsFile, lines.join('\n'), { mode: 0o600 });
  const task: FeedTask = {
    enrolmentsFile,
    caFile: place.certificates.caFile,
    connectionsEach,
    banner: await server.enrolmentFor('banner'),
    rounds,
  };
  const script = place.startScript('feed-client', task, { prefix: ['taskset', '-c', '1'] });
  const [line] = await script.said(/\{.*\}/);
  const megabytes = await residentMegabytes(server.program.pid);
  await script.kill();
  await server.stop();
  return { told: JSON.parse(line) as Told, megabytes };
}

async function enroll(socket: string, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const answer = await callLocalSocket(socket, 'client-add', { name: `host${at}`, may: 'subscribe' });
    lines.push(String(answer['enrolment']));
  }
  return lines;
}
