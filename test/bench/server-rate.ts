import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SqliteLedger } from '../../server/ledger/sqlite-ledger.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import type { BareServerTask } from './bare-server.ts';
import { atLeast, type Bench, type Figure, median } from './figure.ts';
import type { Load, Loaded } from './load-client.ts';
import { describeMachine } from './machine.ts';
import { type Place, processorSeconds, requireProgram } from './place.ts';

const rounds = 3;

/** Shape of a load, as many rounds as there are. */
interface Shape {
  readonly connections: number;
  readonly warmUpFrames: number;
  readonly frames: number;
  readonly eventsPerFrame: number;
}

const single: Shape = { connections: 50, warmUpFrames: 100, frames: 300, eventsPerFrame: 1 };
const batches: Shape = { connections: 8, warmUpFrames: 10, frames: 50, eventsPerFrame: 100 };

/** The server on the first core, its load on the second. It has no firewall to fill: planning would take another tenth. */
export const serverRate: Bench = {
  name: 'server',
  measure: async (place) => {
    await requireProgram('taskset', 'util-linux');
    const { syncMs } = await describeMachine();
    const perSync = Math.round((1_000 / syncMs) * single.connections);
    const one = await measureShape(place, 'one', single);
    const many = await measureShape(place, 'many', batches);
    const note = `on core 0, without a firewall, its load on core 1; medians of ${rounds} rounds by turns; the peer verifies, reads and answers, no more`;
    return [
      judge(one, {
        name: 'server: one ban a frame, durable',
        least: 8_000,
        note: `${note}; the disk alone allows ${perSync} a second when ${single.connections} bans share a sync`,
      }),
      judge(many, { name: 'server: batches of 100, durable', least: 40_000, note }),
    ];
  },
};

interface Rates {
  readonly server: readonly number[];
  /** Of the server, had nothing but its own processor time held it up. */
  readonly processor: readonly number[];
  readonly bare: readonly number[];
}

function judge(rates: Rates, { name, least, note }: { name: string; least: number; note: string }): Figure {
  const peer = { name: 'bare ws', value: median(rates.bare) };
  const alone = Math.round(median(rates.processor)).toLocaleString('en');
  const whole = `${note}; by its processor time alone ${alone} a second`;
  return atLeast({ name, value: median(rates.server), unit: 'bans/s', peer, note: whole }, least);
}

async function measureShape(place: Place, name: string, shape: Shape): Promise<Rates> {
  const server = await place.startServer(name, { policy: ['reports_per_client = 1000000'] });
  const enrolments = await enroll(place, name, shape.connections);
  const bareTask: BareServerTask = place.certificates;
  const bare = place.startScript('bare-server', bareTask);
  const [bareEnrolment] = await bare.said(/fail2networkban:\S+/);
  await Promise.all([pin(server.program.pid, 0), pin(bare.pid, 0)]);
  const rates = { server: [] as number[], processor: [] as number[], bare: [] as number[] };
  let recorded = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = await processorSeconds(server.program.pid);
    const loaded = await runLoad(place, shape, round, enrolments);
    recorded += loaded.recorded;
    rates.processor.push(loaded.recorded / ((await processorSeconds(server.program.pid)) - before));
    rates.server.push(loaded.measured / loaded.seconds);
    const onBare = await runLoad(
      place,
      shape,
      round,
      enrolments.map(() => bareEnrolment),
    );
    rates.bare.push(onBare.measured / onBare.seconds);
  }
  await bare.kill();
  await checkRecord(server, recorded);
  return rates;
}

async function enroll(place: Place, name: string, count: number): Promise<readonly string[]> {
  const socket = join(place.dir, name, 'admin.sock');
  const names = Array.from({ length: count }, (_, index) => `load${index}`);
  const answers = await Promise.all(names.map((client) => callLocalSocket(socket, 'client-add', { name: client })));
  return answers.map(({ enrolment }) => String(enrolment));
}

async function runLoad(
  place: Place,
  { warmUpFrames, frames, eventsPerFrame }: Shape,
  round: number,
  enrolments: readonly string[],
): Promise<Loaded> {
  const firstNumber = 1 + round * (warmUpFrames + frames) * eventsPerFrame;
  const { caFile } = place.certificates;
  const load: Load = { enrolments, caFile, warmUpFrames, frames, eventsPerFrame, firstNumber };
  const client = place.startScript('load-client', load, { prefix: ['taskset', '-c', '1'] });
  const [line] = await client.said(/\{.*\}/);
  await client.ended;
  return JSON.parse(line) as Loaded;
}

/** All threads that it has, and so all that they start. */
async function pin(pid: number, core: number): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}

/** After a kill -9 everything that was answered is in the ledger. */
async function checkRecord(server: ServerProcess, recorded: number): Promise<void> {
  await server.kill();
  const ledger = await SqliteLedger.open(server.database);
  const { reports } = await ledger.load();
  await ledger.close();
  if (reports.length !== recorded) throw new Error(`${recorded} were recorded, ${reports.length} are in the ledger`);
}
