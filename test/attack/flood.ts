import { setTimeout as delay } from 'node:timers/promises';
import { Fleet } from '../end-to-end/fleet.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import type { Attack, Stage } from './attack.ts';
import { blacklistOf } from './blacklist.ts';
import { Claims } from './claims.ts';
import { EventStream } from './event-stream.ts';

const maxEntries = 200;
const honestBans = 20;
const hosts = 3;
const eventsOfFrame = 500;
const framesAtOnce = 8;

/** One host bans by hand whatever comes to its mind, as fast as the server takes it, beside honest ones. */
export const flood: Attack = {
  name: 'flood',
  must: 'a host that bans without end pushes no ban of another host out, nor of the operator, and new ones come in',
  rounds: { inTests: 1, byHand: 10 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending, { firewall: [`max_entries = ${maxEntries}`, 'merge = no'] });
    const streams = await Promise.all(Array.from({ length: hosts }, (_, place) => honest(fleet, stage, place)));
    for (const { stream, claims } of streams) await banAll(stream, claims, 0, honestBans - 1);
    await fleet.server.command('ban', '192.0.2.99', '--ttl', '1d');
    for (let round = 1; round <= stage.rounds; round += 1) {
      const flooder = await Flooder.start(fleet, stage, round);
      await delay(3_000);
      for (const { stream, claims } of streams) await banAll(stream, claims, honestBans, honestBans);
      await flooder.stop();
      const wanted = ['192.0.2.99', ...streams.flatMap(({ claims }) => claims.held)];
      stage.tried(wanted.length);
      const missing = (): string[] => wanted.filter((network) => !new Set(blacklistOf(fleet.proxmox)).has(network));
      await waitUntil('all honest bans are in force', () => missing().length === 0, 60_000).catch(() =>
        stage.failed(`round ${round}: ${missing().length} of ${wanted.length} honest bans are out`),
      );
      const worst = Math.max(...streams.map(({ stream }) => stream.worstMs));
      stage.note(`${flooder.sent} bans of one host; worst acknowledgement of another ${Math.round(worst)} ms`);
    }
  },
};

interface Honest {
  readonly stream: EventStream;
  readonly claims: Claims;
}

async function honest(fleet: Fleet, { ending }: Stage, place: number): Promise<Honest> {
  const enrolment = await fleet.server.enrolmentFor(`host${place}`);
  const stream = new EventStream({ enrolment, caFile: fleet.certificates.caFile });
  ending.after(() => stream.close());
  return { stream, claims: new Claims(place, 100) };
}

async function banAll(stream: EventStream, claims: Claims, from: number, to: number): Promise<void> {
  for (let at = from; at <= to; at += 1) {
    const act = { verb: 'ban' as const, network: claims.network(at) };
    await stream.send([act]);
    claims.note(act);
  }
}

/** Sends frames without waiting for each to be answered. */
class Flooder {
  readonly #client: RawClient;
  readonly #work: Promise<void>;
  #isStopping = false;
  sent = 0;

  private constructor(client: RawClient, round: number) {
    this.#client = client;
    this.#work = this.#run(round);
  }

  static async start(fleet: Fleet, { ending }: Stage, round: number): Promise<Flooder> {
    const enrolment = await fleet.server.enrolmentFor(`flooder${round}`);
    const flooder = new Flooder(await RawClient.connect(enrolment, fleet.certificates.caFile), round);
    ending.after(() => flooder.stop());
    return flooder;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#work;
    await this.#client.close();
  }

  async #run(round: number): Promise<void> {
    const stream = `stream-${crypto.randomUUID()}`;
    const answers: Promise<unknown>[] = [];
    while (!this.#isStopping) {
      const events = Array.from({ length: eventsOfFrame }, (_, at) => eventOf(round, this.sent + at));
      this.sent += eventsOfFrame;
      answers.push(this.#client.ask({ type: 'events', stream, events }));
      if (answers.length >= framesAtOnce) await answers.shift();
    }
    await Promise.all(answers);
  }
}

function eventOf(round: number, at: number): object {
  const network = `2001:db8:${round.toString(16)}:${(at >> 16).toString(16)}:${(at & 0xffff).toString(16)}::1`;
  return { number: at + 1, verb: 'ban', jail: 'manual', network, ttlSeconds: null, source: 'hand' };
}
