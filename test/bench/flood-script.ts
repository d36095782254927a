import { RawClient } from '../end-to-end/raw-client.ts';
import { addresses } from './networks.ts';

/**
 * A process of its own that sends as one client as fast as it is answered, over several connections, each with as many
 * frames in flight as a server takes. Prints how many events were answered, each second, until it is ended.
 */
export interface FloodTask {
  readonly enrolment: string;
  readonly caFile: string;
  readonly connections: number;
  readonly framesInFlight: number;
  readonly eventsPerFrame: number;
  /** So many addresses are banned again and again. */
  readonly networks: number;
  /** Each of them in one of so many jails. */
  readonly jails: number;
}

const task = JSON.parse(process.argv[2] ?? '') as FloodTask;
const networks = addresses(task.networks);
let answered = 0;
let place = 0;

for (let connection = 0; connection < task.connections; connection += 1) {
  const client = await RawClient.connect(task.enrolment, task.caFile);
  for (let frame = 0; frame < task.framesInFlight; frame += 1) void sendOn(client, `flood-stream-${connection}`);
}
setInterval(() => process.stdout.write(`answered ${answered}\n`), 1_000);

/** Numbers rise over all frames, so that each takes effect; frames of one connection are answered in their order. */
async function sendOn(client: RawClient, stream: string): Promise<never> {
  for (;;) {
    const { results, retryAfterMs } = await client.ask({ type: 'events', stream, events: nextEvents() });
    answered += (results as unknown[]).length;
    if (typeof retryAfterMs === 'number') await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
  }
}

function nextEvents(): readonly object[] {
  return Array.from({ length: task.eventsPerFrame }, () => {
    place += 1;
    const network = networks[place % networks.length];
    const jail = `jail${(place % networks.length) % task.jails}`;
    return { number: place, verb: 'ban', jail, network, ttlSeconds: 3_600, source: 'jail' };
  });
}
