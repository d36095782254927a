import { join } from 'node:path';
import { Fleet } from '../end-to-end/fleet.ts';
import { sectionFor } from '../end-to-end/proxmox-under-test.ts';
import { ServerProcess } from '../end-to-end/server-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { Attack, Stage } from './attack.ts';
import { blacklistOf } from './blacklist.ts';
import { Claims } from './claims.ts';
import { differenceOf } from './differences.ts';

/** The administrator's own, see proxmox-under-test.ts. */
const administrators = '192.0.2.250';

/** Two servers that know nothing of each other look after one cluster.fw, and their operators ban the same few networks. */
export const twoServers: Attack = {
  name: 'two-servers',
  must: 'a network is blocked as long as either of two servers wants it, and at rest neither changes cluster.fw',
  rounds: { inTests: 6, byHand: 200 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending);
    const other = await secondServer(fleet, stage);
    const sides = [
      { server: fleet.server, claims: new Claims(0, 6) },
      { server: other, claims: new Claims(0, 6) },
    ];
    for (let round = 1; round <= stage.rounds; round += 1) {
      await Promise.all(sides.map((side) => actOnce(side, stage)));
      if (stage.chance.happens(0.2)) await restart(stage.chance.oneOf(sides).server);
      const wanted = [...new Set([administrators, ...sides.flatMap(({ claims }) => claims.held)])];
      stage.tried(1);
      const looks = async (): Promise<boolean> => {
        for (const { server } of sides) await server.command('reconcile');
        return differenceOf(blacklistOf(fleet.proxmox), wanted) === undefined;
      };
      await waitUntil('both are done', looks).catch(() => {
        stage.failed(`round ${round}: cluster.fw has ${differenceOf(blacklistOf(fleet.proxmox), wanted)}`);
      });
      const { writes } = fleet.proxmox.log;
      for (const { server } of [...sides, ...sides]) await server.command('reconcile');
      if (fleet.proxmox.log.writes !== writes)
        stage.failed(`round ${round}: ${fleet.proxmox.log.writes - writes} changes of cluster.fw at rest`);
    }
  },
};

interface Side {
  readonly server: ServerProcess;
  readonly claims: Claims;
}

async function secondServer(fleet: Fleet, { ending }: Stage): Promise<ServerProcess> {
  const { certificates, proxmox, dir } = fleet;
  const server = await ServerProcess.start({
    dir: join(dir, 'second'),
    certificates,
    enforcers: sectionFor('main', proxmox),
  });
  ending.after(() => server.stop());
  return server;
}

async function actOnce({ server, claims }: Side, { chance }: Stage): Promise<void> {
  const act = claims.choose(chance);
  const words = act.verb === 'ban' ? ['ban', act.network, '--ttl', '1d'] : ['unban', act.network];
  await server.command(...words);
  claims.note(act);
}

async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  await server.start();
}
