import { RawClient } from '../end-to-end/raw-client.ts';
import { addresses } from './networks.ts';

/**
 * A process of its own that loads a server. It logs in once with each enrolment and makes all frames beforehand; then every
 * connection sends its next frame when the one before is answered. Prints a {@link Loaded}.
 */
export interface Load {
  readonly enrolments: readonly string[];
  readonly caFile: string;
  /** Frames of each connection that are not measured, while compilers still warm up. */
  readonly warmUpFrames: number;
  readonly frames: number;
  readonly eventsPerFrame: number;
  /** Number of the first event, which also chooses the addresses. */
  readonly firstNumber: number;
}

export interface Loaded {
  /** Of the frames that are measured. */
  readonly seconds: number;
  readonly measured: number;
  /** Events answered with `recorded`, all of them. */
  readonly recorded: number;
}

/** Addresses are set apart for each connection. */
const addressesPerConnection = 65_536;

const load = JSON.parse(process.argv[2] ?? '') as Load;
const clients = await Promise.all(load.enrolments.map((enrolment) => RawClient.connect(enrolment, load.caFile)));
const queues = clients.map(sealFrames);
const warmUp = await runAll(0, load.warmUpFrames);
const startedMs = performance.now();
const measured = await runAll(load.warmUpFrames, load.warmUpFrames + load.frames);
const seconds = (performance.now() - startedMs) / 1_000;
const loaded: Loaded = { seconds, measured, recorded: warmUp + measured };
process.stdout.write(`${JSON.stringify(loaded)}\n`);
for (const { socket } of clients) socket.terminate();

function sealFrames(client: RawClient, index: number): readonly string[] {
  const { eventsPerFrame, firstNumber } = load;
  return Array.from({ length: load.warmUpFrames + load.frames }, (_, frame) => {
    const from = firstNumber + frame * eventsPerFrame;
    const networks = addresses(eventsPerFrame, index * addressesPerConnection + from);
    const events = networks.map((network, place) => ({
      number: from + place,
      verb: 'ban',
      jail: 'sshd',
      network,
      ttlSeconds: 3_600,
      source: 'jail',
    }));
    return client.sealed({ type: 'events', stream: 'load-stream', events });
  });
}

/** @returns how many events were recorded */
async function runAll(from: number, to: number): Promise<number> {
  const counts = await Promise.all(clients.map((client, index) => run(client, queues[index]?.slice(from, to) ?? [])));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function run(client: RawClient, frames: readonly string[]): Promise<number> {
  let recorded = 0;
  for (const frame of frames) {
    client.socket.send(frame);
    const { results } = await client.next();
    for (const { outcome } of results as { outcome: string }[]) if (outcome === 'recorded') recorded += 1;
  }
  return recorded;
}
