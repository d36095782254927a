import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { AgentProcess } from '../end-to-end/agent-process.ts';
import { Fail2banProcess } from '../end-to-end/fail2ban-process.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { atMost, type Bench, type Figure } from './figure.ts';
import { addresses } from './networks.ts';
import { type Place, requireProgram } from './place.ts';
import { ProxmoxProcess } from './proxmox-process.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const bansOverRestart = 5_000;
const bansWithoutDrift = 10_000;
const settleMaxMs = 60_000;

/** Where nothing has changed, nothing is written. */
export const steadyFigures: Bench = {
  name: 'steady',
  measure: async (place) => [await measureRestart(place), ...(await measurePass(place))],
};

/** Two agents at one fail2ban report the same bans; then all of them, and the server, are started again. */
async function measureRestart(place: Place): Promise<Figure> {
  await requireProgram('fail2ban-server', 'fail2ban');
  const networks = addresses(bansOverRestart);
  const fail2ban = await startFail2ban(place);
  await fail2ban.client('set', 'sshd', 'banip', ...networks);
  const proxmox = await ProxmoxProcess.start(place, 'restart', { costModel: false });
  const server = await place.startServer('restart-server', { enforcers: proxmox.section });
  const agents = await Promise.all(['web1', 'mail1'].map((name) => startAgent(place, { name, fail2ban, server })));
  await inSync(place, 'restart-server', bansOverRestart);
  for (const agent of agents) await agent.program.said(/list settled/);
  await Promise.all([...agents, server].map((program) => program.stop()));
  await proxmox.forget();
  await server.start();
  await Promise.all(agents.map((agent) => agent.start()));
  await inSync(place, 'restart-server', bansOverRestart);
  // A list that differs follows two seconds after its digest.
  await delay(5_000);
  await callLocalSocket(join(place.dir, 'restart-server/admin.sock'), 'reconcile', {});
  await inSync(place, 'restart-server', bansOverRestart);
  const { writes } = await proxmox.traffic();
  return atMost(
    {
      name: 'restart with 5,000 bans',
      value: writes.length,
      unit: 'writes',
      note: 'the server and two agents that compare the same 5,000 tickets of a real fail2ban',
    },
    0,
  );
}

/** A jail that hands over nothing by itself, so that five thousand bans are there in a moment: the lists carry them. */
async function startFail2ban(place: Place): Promise<Fail2banProcess> {
  const dir = join(place.dir, 'fail2ban');
  const spool = join(place.dir, 'nobody');
  await mkdir(spool, { recursive: true });
  const action = `action = fail2networkban[spool=${spool}, actionban="", actionunban=""]`;
  const jails = [{ name: 'sshd', bantimeSeconds: 3_600, more: [action] }];
  const fail2ban = await Fail2banProcess.prepare({ dir, spool, jails });
  place.atEnd(() => fail2ban.kill());
  await fail2ban.start();
  return fail2ban;
}

async function startAgent(
  place: Place,
  {
    name,
    fail2ban,
    server,
  }: { readonly name: string; readonly fail2ban: Fail2banProcess; readonly server: ServerProcess },
): Promise<AgentProcess> {
  const agent = await AgentProcess.start({
    dir: join(place.dir, name),
    enrolments: { main: await server.enrolmentFor(name) },
    agent: [`fail2ban_socket = ${fail2ban.socket}`],
  });
  place.atEnd(() => agent.kill());
  return agent;
}

/** Ten thousand entries on both sides, and one pass. */
async function measurePass(place: Place): Promise<readonly Figure[]> {
  const networks = addresses(bansWithoutDrift);
  const mark = await writeLedger(join(place.dir, 'pass-server/ledger.db'), reportsOf(networks));
  const proxmox = await ProxmoxProcess.start(place, 'pass', { costModel: false, holds: { networks, mark } });
  await place.startServer('pass-server', { enforcers: proxmox.section });
  await inSync(place, 'pass-server', bansWithoutDrift);
  await proxmox.forget();
  await callLocalSocket(join(place.dir, 'pass-server/admin.sock'), 'reconcile', {});
  await inSync(place, 'pass-server', bansWithoutDrift);
  const { reads, writes } = await proxmox.traffic();
  return [
    atMost({ name: 'pass over 10,000, no drift', value: reads, unit: 'reads' }, 1),
    atMost({ name: 'pass over 10,000, no drift', value: writes.length, unit: 'writes' }, 0),
  ];
}

interface EnforcerStatus {
  readonly state: { readonly kind: string };
  readonly ours: number;
}

/** Waits until the server's firewall holds so many entries of ours and nothing is left to do. */
async function inSync(place: Place, name: string, entries: number): Promise<void> {
  const socket = join(place.dir, name, 'admin.sock');
  await waitUntil(
    `${name} is in sync with ${entries} entries`,
    async () => {
      await delay(50);
      const { enforcers } = await callLocalSocket(socket, 'status', {});
      return (enforcers as EnforcerStatus[]).every(({ state, ours }) => state.kind === 'in-sync' && ours === entries);
    },
    settleMaxMs,
  );
}
