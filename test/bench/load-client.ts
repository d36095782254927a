import { RawClient } from '../end-to-end/raw-client.ts';

/**
 * A process of its own that loads a server: reads `{enrolments, caFile, framesPerConnection, eventsPerFrame}` from its
 * argument, sends that many frames on each connection, each after the answer to the one before, and prints
 * `{seconds, recorded}`.
 */
interface Load {
  readonly enrolments: readonly string[];
  readonly caFile: string;
  readonly framesPerConnection: number;
  readonly eventsPerFrame: number;
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const clients = await Promise.all(load.enrolments.map((enrolment) => RawClient.connect(enrolment, load.caFile)));
const startedAtMs = performance.now();
const counts = await Promise.all(clients.map((client, index) => run(client, index)));
const seconds = (performance.now() - startedAtMs) / 1_000;
process.stdout.write(`${JSON.stringify({ seconds, recorded: counts.reduce((sum, count) => sum + count, 0) })}\n`);
await Promise.all(clients.map((client) => client.close()));

async function run(client: RawClient, index: number): Promise<number> {
  let recorded = 0;
  let number = 0;
  for (let frame = 0; frame < load.framesPerConnection; frame += 1) {
    const events = Array.from({ length: load.eventsPerFrame }, () => {
      number += 1;
      return { number, verb: 'ban', jail: 'sshd', network: addressOf(index, number), ttlSeconds: 3_600 };
    });
    const { results } = await client.ask({ type: 'events', stream: 'load-stream', events });
    recorded += (results as { outcome: string }[]).filter(({ outcome }) => outcome === 'recorded').length;
  }
  return recorded;
}

/** Addresses of one connection are its own; neighbours rarely follow each other. */
function addressOf(index: number, number: number): string {
  return `${20 + index}.${(number * 7) & 255}.${(number >> 8) & 255}.${number & 255}`;
}
