import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentProcess } from '../end-to-end/agent-process.ts';
import { Fail2banProcess } from '../end-to-end/fail2ban-process.ts';
import { Fleet } from '../end-to-end/fleet.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { Attack, Stage } from './attack.ts';
import { Claims } from './claims.ts';
import { differenceOf } from './differences.ts';

/** A comparison each 10 s, and the time for which a network must be missing. */
const settledMaxMs = 120_000;

/**
 * Restarts fail2ban in all its ways, beside an action that takes seconds for each ban that is restored, and takes bans back
 * while fail2ban or the agent is down.
 */
export const fail2banRestarted: Attack = {
  name: 'fail2ban-restarted',
  must: 'no restart of fail2ban lifts a ban that its jail holds, and what the jail gave up is gone in the end',
  rounds: { inTests: 2, byHand: 40 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending);
    const host = await startHost(fleet, stage);
    for (let round = 1; round <= stage.rounds; round += 1) {
      await banSome(host, stage);
      await settled(fleet, host, stage, `round ${round}, after its bans`);
      const way = stage.chance.oneOf(ways);
      const held = host.claims.held;
      const watch = new AbortController();
      const watching = watchBans(fleet, held, watch.signal);
      await way.go(host, stage);
      await delay(15_000);
      watch.abort();
      stage.tried(1);
      const lost = await watching;
      const lasting = lost.filter((network) => host.claims.held.includes(network));
      if (lasting.length > 0) stage.failed(`round ${round}, ${way.name}: ${lasting.join(', ')} went meanwhile`);
      await settled(fleet, host, stage, `round ${round}, ${way.name}`);
    }
  },
};

interface Host {
  readonly agent: AgentProcess;
  readonly fail2ban: Fail2banProcess;
  readonly claims: Claims;
  /** Has each ban take this many seconds more from now on. */
  readonly slowDown: (seconds: number) => Promise<void>;
}

interface Way {
  readonly name: string;
  readonly go: (host: Host, stage: Stage) => Promise<void>;
}

const ways: readonly Way[] = [
  {
    name: 'stop and start',
    go: async ({ fail2ban }) => {
      await fail2ban.stop();
      await fail2ban.start();
    },
  },
  {
    name: 'kill -9 and start',
    go: async ({ fail2ban }) => {
      await fail2ban.kill();
      await fail2ban.start();
    },
  },
  { name: 'reload --restart', go: async ({ fail2ban }) => void (await fail2ban.client('reload', '--restart', 'sshd')) },
  {
    name: 'kill -9 of the agent, and unbans meanwhile',
    go: async (host, stage) => {
      await host.agent.kill();
      await unbanOne(host, stage);
      await host.agent.start();
    },
  },
  {
    name: 'unban --all amid new bans',
    go: async (host, stage) => {
      await host.fail2ban.client('unban', '--all');
      for (const network of host.claims.held) host.claims.note({ verb: 'unban', network });
      await banSome(host, stage);
    },
  },
];

async function startHost(fleet: Fleet, { ending }: Stage): Promise<Host> {
  const dir = join(fleet.dir, 'web1');
  const agent = await AgentProcess.prepare({
    dir,
    enrolments: { main: await fleet.server.enrolmentFor('web1') },
    agent: [`fail2ban_socket = ${join(dir, 'fail2ban', 'fail2ban.sock')}`, 'jail_check = 10s'],
  });
  const pause = join(dir, 'pause');
  const more = ['action = slow', `         fail2networkban[spool=${agent.spool}]`];
  const jails = [{ name: 'sshd', bantimeSeconds: 86_400, more }];
  const fail2ban = await Fail2banProcess.prepare({ dir: join(dir, 'fail2ban'), spool: agent.spool, jails });
  const slow = `[Definition]\nactionban = sleep "$(cat ${pause})"\nactionunban =\n`;
  await writeFile(join(dir, 'fail2ban', 'etc', 'action.d', 'slow.conf'), slow);
  const slowDown = (seconds: number): Promise<void> => writeFile(pause, `${seconds}\n`);
  await slowDown(0);
  await fail2ban.start();
  ending.after(() => fail2ban.stop());
  await agent.start();
  ending.after(() => agent.stop());
  return { agent, fail2ban, claims: new Claims(0, 40), slowDown };
}

async function banSome({ fail2ban, claims, slowDown }: Host, { chance }: Stage): Promise<void> {
  await slowDown(0);
  for (let count = chance.between(3, 6); count > 0; count -= 1) {
    const { verb, network } = claims.choose(chance);
    if (verb === 'unban' && !claims.held.includes(network)) continue;
    await fail2ban.client('set', 'sshd', verb === 'ban' ? 'banip' : 'unbanip', network);
    claims.note({ verb, network });
  }
  await slowDown(chance.between(3, 6));
}

async function unbanOne({ fail2ban, claims }: Host, { chance }: Stage): Promise<void> {
  if (claims.held.length === 0) return;
  const network = chance.oneOf(claims.held);
  await fail2ban.client('set', 'sshd', 'unbanip', network);
  claims.note({ verb: 'unban', network });
}

async function standing(fleet: Fleet): Promise<string[]> {
  const { bans } = (await fleet.server.ask('bans')) as { bans: { network: string }[] };
  return bans.map(({ network }) => network);
}

async function settled(fleet: Fleet, { claims }: Host, stage: Stage, when: string): Promise<void> {
  const isSo = async (): Promise<boolean> => differenceOf(await standing(fleet), claims.held) === undefined;
  await waitUntil(when, isSo, settledMaxMs).catch(async () => {
    stage.failed(`${when}: the record has ${differenceOf(await standing(fleet), claims.held)}`);
  });
}

/** @returns which of these bans were not there at some look */
async function watchBans(fleet: Fleet, networks: readonly string[], signal: AbortSignal): Promise<string[]> {
  const lost = new Set<string>();
  while (!signal.aborted) {
    const now = new Set(await standing(fleet));
    for (const network of networks) if (!now.has(network)) lost.add(network);
    await delay(300);
  }
  return [...lost];
}
