import { Fleet } from '../end-to-end/fleet.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { SmallDisk } from '../end-to-end/small-disk.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { Attack, Stage } from './attack.ts';
import { blacklistOf } from './blacklist.ts';
import { Claims } from './claims.ts';
import { differenceOf } from './differences.ts';
import { EventStream } from './event-stream.ts';

const panicMaxMs = 2_000;
const administrators = '192.0.2.250';

/** Fills the disk of the ledger while a host bans, and calls the operator to the rescue. */
export const diskFull: Attack = {
  name: 'disk-full',
  must: 'with the ledger’s disk full, panic empties cluster.fw in 2 s and an unban with --allow holds, also once there is room',
  rounds: { inTests: 2, byHand: 30 },
  run: async (stage) => {
    const { ending, chance } = stage;
    const disk = await SmallDisk.mount(ending, 6);
    const fleet = await Fleet.start(ending, { serverDir: disk.dir });
    const { server, certificates } = fleet;
    const stream = new EventStream({ enrolment: await server.enrolmentFor('web1'), caFile: certificates.caFile });
    ending.after(() => stream.close());
    const claims = new Claims(0, 60);
    for (let round = 1; round <= stage.rounds; round += 1) {
      await claimSome(stream, claims, stage);
      await fleet.blocks(claims.held, 60_000);
      await disk.fill();
      const backlog = claimSome(stream, claims, stage, round);
      const saved = chance.oneOf(claims.held);
      await rescue(fleet, saved, stage, round);
      await disk.empty();
      await backlog;
      await waitUntil('the operator’s words are on disk', async () => (await server.command('resume')).code === 0);
      if (chance.happens(0.5)) await restart(server);
      // Its host holds it still; the operator allowed it.
      const wanted = claims.held.filter((network) => network !== saved);
      await fleet.blocks(wanted, 60_000).catch((error: Error) => stage.failed(`round ${round}: ${error.message}`));
      await server.command('allow', 'remove', saved);
      await stream.send([{ verb: 'unban', network: saved }]);
      claims.note({ verb: 'unban', network: saved });
    }
  },
};

/** Events of one frame; with `round`, on a disk that is full, so that they wait. */
async function claimSome(stream: EventStream, claims: Claims, { chance }: Stage, round?: number): Promise<void> {
  const acts = Array.from({ length: chance.between(10, 20) }, () => claims.choose(chance)).filter(
    // What is rescued must not be banned anew in the same round.
    ({ network }) => round === undefined || !claims.held.includes(network),
  );
  if (acts.length === 0) return;
  const sent = stream.send(acts);
  if (round === undefined) await sent;
  for (const act of acts) claims.note(act);
  await sent;
}

/** Lifts one ban, panics, and looks how soon cluster.fw follows. */
async function rescue(fleet: Fleet, saved: string, stage: Stage, round: number): Promise<void> {
  const { server, proxmox } = fleet;
  stage.tried(1);
  const { code, stdout, stderr } = await server.command('unban', saved, '--allow', '1h');
  const isOut = () => !blacklistOf(proxmox).includes(saved);
  await waitUntil(`${saved} is out`, isOut, panicMaxMs).catch(() =>
    stage.failed(`round ${round}: unban --allow ended with ${code} and ${saved} stays: ${stdout}${stderr}`),
  );
  const panic = server.command('panic');
  const isEmpty = () => differenceOf(blacklistOf(proxmox), [administrators]) === undefined;
  const startedAtMs = performance.now();
  await waitUntil('cluster.fw is empty', isEmpty, 10 * panicMaxMs).catch(() =>
    stage.failed(`round ${round}: after panic cluster.fw has ${blacklistOf(proxmox).length} entries`),
  );
  stage.note(`panic to empty: ${Math.round(performance.now() - startedAtMs)} ms, the start of the command included`);
  await panic;
}

async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  await server.start();
}
