import { setTimeout as delay } from 'node:timers/promises';
import { Fleet } from '../end-to-end/fleet.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { Attack, Stage } from './attack.ts';
import { type Act, Claims } from './claims.ts';
import { differenceOf } from './differences.ts';
import { EventStream } from './event-stream.ts';

const hosts = 3;
const framesOfRound = 12;

/** Ends the server with kill -9 amid bans and unbans of several hosts and of the operator. */
export const serverKilled: Attack = {
  name: 'server-killed',
  must: 'what was acknowledged stands after a kill -9 of the server, in the record and in cluster.fw, and nothing else',
  rounds: { inTests: 3, byHand: 100 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending);
    const streams = await Promise.all(Array.from({ length: hosts }, (_, place) => startStream(fleet, stage, place)));
    const operator = new Claims(hosts, 20);
    for (let round = 1; round <= stage.rounds; round += 1) {
      const work = Promise.all([...streams.map(sendSome), actByHand(fleet, stage, operator)]);
      await delay(stage.chance.between(20, 400));
      await fleet.server.kill();
      await fleet.server.start();
      await work;
      const wanted = [...streams.map(({ claims }) => claims), operator].flatMap(({ held }) => held);
      stage.tried(1);
      const difference = differenceOf(await standing(fleet), wanted);
      if (difference !== undefined) stage.failed(`round ${round}: the record has ${difference}`);
      await fleet.blocks(wanted, 60_000).catch((error: Error) => stage.failed(`round ${round}: ${error.message}`));
    }
  },
};

interface HostStream {
  readonly claims: Claims;
  readonly sendFrame: () => Promise<void>;
}

async function startStream(fleet: Fleet, { chance, ending }: Stage, place: number): Promise<HostStream> {
  const enrolment = await fleet.server.enrolmentFor(`host${place}`);
  const stream = new EventStream({ enrolment, caFile: fleet.certificates.caFile });
  ending.after(() => stream.close());
  const claims = new Claims(place, 100);
  const sendFrame = async (): Promise<void> => {
    const acts = Array.from({ length: chance.between(1, 20) }, () => claims.choose(chance));
    await stream.send(acts);
    for (const act of acts) claims.note(act);
  };
  return { claims, sendFrame };
}

async function sendSome({ sendFrame }: HostStream): Promise<void> {
  for (let frame = 0; frame < framesOfRound; frame += 1) await sendFrame();
}

/** A person says it again until the server has taken it. */
async function actByHand(fleet: Fleet, { chance }: Stage, claims: Claims): Promise<void> {
  const act: Act = claims.choose(chance);
  const words = act.verb === 'ban' ? ['ban', act.network, '--ttl', '1d'] : ['unban', act.network];
  await waitUntil('the operator is answered', async () => (await fleet.server.command(...words)).code === 0);
  claims.note(act);
}

async function standing(fleet: Fleet): Promise<string[]> {
  const { bans } = (await fleet.server.ask('bans')) as { bans: { network: string }[] };
  return bans.map(({ network }) => network);
}
