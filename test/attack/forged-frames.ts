import { Fleet } from '../end-to-end/fleet.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import type { Attack, Stage } from './attack.ts';
import type { Chance } from './chance.ts';

/** Sends frames of a real client that were changed, repeated, held back, reflected or blown up on their way. */
export const forgedFrames: Attack = {
  name: 'forged-frames',
  must: 'a frame that is not as its sender made it, or not in its place, changes nothing, and the server goes on',
  rounds: { inTests: 60, byHand: 3_000 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending);
    const enrolments = {
      victim: await fleet.server.enrolmentFor('victim'),
      other: await fleet.server.enrolmentFor('other'),
    };
    for (let round = 0; round < stage.rounds; round += 1) {
      const network = `198.18.${round >> 7}.${((round & 127) << 1) | 1}`;
      await forge(await RawClient.connect(enrolments.victim, fleet.certificates.caFile), network, stage);
      stage.tried(1);
    }
    const { bans } = (await fleet.server.ask('bans')) as { bans: { network: string }[] };
    for (const { network } of bans) stage.failed(`${network} is banned by a forged frame`);
    const honest = await RawClient.connect(enrolments.other, fleet.certificates.caFile);
    const answer = await honest.ask(banFrame('203.0.113.1'));
    if (!JSON.stringify(answer).includes('recorded')) stage.failed(`an honest ban: ${JSON.stringify(answer)}`);
    await honest.close();
  },
};

type Forgery = (client: RawClient, network: string, chance: Chance) => string | Buffer;

const forgeries: readonly Forgery[] = [
  (client, network, chance) => withOtherByte(client.sealed(banFrame(network)), chance),
  // Held back: the one that is sent was made after it.
  (client, network) => {
    client.sealed(banFrame('203.0.113.99'));
    return client.sealed(banFrame(network));
  },
  (client, network, chance) => client.sealed(banFrame(network)).slice(0, -chance.between(1, 40)),
  (client, network) => `${client.sealed(banFrame(network))} `,
  (_client, network) => `${'A'.repeat(43)}.${JSON.stringify(banFrame(network))}`,
  (_client, network) => JSON.stringify(banFrame(network)),
  (client, network) => client.sealed({ ...banFrame(network), padding: 'x'.repeat(2_000_000) }),
  (client, network) => Buffer.from(client.sealed(banFrame(network))),
];

async function forge(client: RawClient, network: string, { chance }: Stage): Promise<void> {
  client.socket.send(chance.oneOf(forgeries)(client, network, chance));
  // The server ends a connection that carried such a frame.
  await client.closed;
}

function banFrame(network: string): object {
  const event = { number: 1, verb: 'ban', jail: 'sshd', network, ttlSeconds: 3_600, source: 'jail' };
  return { type: 'events', stream: `stream-${crypto.randomUUID()}`, events: [event] };
}

function withOtherByte(frame: string, chance: Chance): string {
  const at = chance.between(0, frame.length - 1);
  const other = chance.oneOf([...'abcXYZ019.{}":,'].filter((character) => character !== frame[at]));
  return frame.slice(0, at) + other + frame.slice(at + 1);
}
