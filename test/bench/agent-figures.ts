import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { appendToQueue } from '../../client/queue.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import { AgentProcess } from '../end-to-end/agent-process.ts';
import type { RunningProcess } from '../end-to-end/running-process.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { atLeast, atMost, type Bench, median } from './figure.ts';
import { addresses } from './networks.ts';
import { type Place, residentMegabytes } from './place.ts';

const singles = 100;
const rounds = 3;
const eventsPerRound = 10_000;
const idleMs = 2_000;

interface Pair {
  readonly server: ServerProcess;
  readonly agent: AgentProcess;
  readonly agentDir: string;
}

/** A real agent and a real server: one ban at a time, then very many at once, then nothing. */
export const agentFigures: Bench = {
  name: 'agent',
  measure: async (place) => {
    const pair = await startPair(place);
    const latenciesMs: number[] = [];
    for (const network of addresses(singles)) latenciesMs.push(await measureSingle(pair, network));
    const rates = [await measureBurst(pair, addresses(eventsPerRound, eventsPerRound))];
    await delay(idleMs);
    const residentMb = await residentMegabytes(pair.agent.program.pid);
    for (let round = 1; round < rounds; round += 1) {
      rates.push(await measureBurst(pair, addresses(eventsPerRound, (round + 1) * eventsPerRound)));
    }
    return [
      atLeast(
        {
          name: 'agent: queue to acknowledged',
          value: median(rates),
          unit: 'events/s',
          note:
            `median of ${rounds} bursts of ${eventsPerRound} lines, from the write of the lines to the last "answered" in ` +
            'the log of the agent, which follows the sync of its cursor',
        },
        5_000,
      ),
      atMost(
        {
          name: 'agent: an event when idle',
          value: median(latenciesMs),
          unit: 'ms',
          note:
            `median of ${singles} single lines, from the write of the line to the line that the server logs after its ` +
            'commit, read from its standard output as it comes',
        },
        20,
      ),
      atMost(
        {
          name: 'agent: memory when idle',
          value: residentMb,
          unit: 'MB',
          note: `connected, ${idleMs / 1_000} s after ${eventsPerRound} events were acknowledged`,
        },
        80,
      ),
    ];
  },
};

async function startPair(place: Place): Promise<Pair> {
  const server = await place.startServer('server', {
    policy: ['reports_per_client = 1000000'],
    enforcers: ['[dry-run]'],
  });
  const agentDir = join(place.dir, 'agent');
  const agent = await AgentProcess.start({
    dir: agentDir,
    enrolments: { main: await server.enrolmentFor('web1') },
    agent: [`fail2ban_socket = ${join(agentDir, 'none.sock')}`, 'log_level = debug'],
  });
  place.atEnd(() => agent.kill());
  await agent.program.said(/"msg":"connected"/);
  return { server, agent, agentDir };
}

/** @returns milliseconds from the hand-over to durable at the server */
async function measureSingle({ server, agent }: Pair, network: Network): Promise<number> {
  const startedMs = performance.now();
  await appendToQueue(agent.spool, lineFor(network));
  await server.program.said(recorded(network));
  const tookMs = performance.now() - startedMs;
  // Both are idle again when the next one comes.
  await delay(20);
  return tookMs;
}

/** @returns events a second */
async function measureBurst({ server, agent, agentDir }: Pair, networks: readonly Network[]): Promise<number> {
  const before = answersOf(agent.program);
  const startedAt = Date.now();
  await appendToQueue(agent.spool, networks.map(lineFor).join(''));
  await server.program.said(recorded(networks.at(-1)));
  await waitUntil('everything is acknowledged', async () => (await waiting(agentDir)) === 0);
  const answers = answersOf(agent.program).slice(before.length);
  const acknowledged = answers.reduce((sum, { events }) => sum + events, 0);
  if (acknowledged !== networks.length) throw new Error(`${acknowledged} of ${networks.length} were acknowledged`);
  return (acknowledged * 1_000) / ((answers.at(-1)?.time ?? 0) - startedAt);
}

/** As the action writes it. */
function lineFor(network: Network): string {
  return `v1\tban\tsshd\t${network}\t3600\t3\t1\t${(Date.now() / 1_000).toFixed(3)}\n`;
}

function recorded(network: Network | undefined): RegExp {
  return new RegExp(`"network":"${String(network).replaceAll('.', '\\.')}","code":"recorded"`);
}

async function waiting(agentDir: string): Promise<number> {
  const { servers } = await callLocalSocket(join(agentDir, 'agent.sock'), 'status', {});
  return (servers as { waiting: number }[]).reduce((sum, server) => sum + server.waiting, 0);
}

/** The frames that the server has answered: when, by the host's clock, and with how many events. */
function answersOf(program: RunningProcess): { readonly time: number; readonly events: number }[] {
  return program.output
    .split('\n')
    .filter((line) => line.includes('"msg":"answered"'))
    .map((line) => JSON.parse(line) as { time: number; events: number });
}
