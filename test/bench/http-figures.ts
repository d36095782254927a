import { join } from 'node:path';
import { httpLimits } from '../../server/http/http-limits.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { limits } from '../../shared/limits.ts';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import type { BareHttpTask } from './bare-http.ts';
import { atLeast, atMost, type Bench, type Figure } from './figure.ts';
import type { Asked, HttpLoad } from './http-load.ts';
import { addresses } from './networks.ts';
import { type Place, residentMegabytes } from './place.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const standing = 100_000;
/** Beyond the addresses of load-client.ts. */
const standingFrom = 7_000_000;
const clients = 4;
const connectionsPerClient = 4;
const lookups = 6_000;
const pages = 100;
const puts = 4_000;

/** The HTTP API of a server that holds very many bans, beside a server that does nothing but answer. */
export const httpFigures: Bench = {
  name: 'http',
  measure: async (place) => {
    await writeLedger(join(place.dir, 'http/ledger.db'), reportsOf(addresses(standing, standingFrom), 20));
    const policy = ['reports_per_client = 1000000'];
    const server = await place.startServer('http', { policy, enforcers: ['[dry-run]'] });
    const tokens = await enroll(place);
    const { caFile } = place.certificates;
    const run: Run = (what, port = server.port) =>
      runLoad(place, { port, caFile, tokens, connectionsPerClient, ...what });
    const measured = [
      await measureLookups(place, run),
      await measurePages(run),
      await measurePuts(run),
      await measureMemory(server),
    ];
    return measured;
  },
};

type Run = (what: Pick<HttpLoad, 'method' | 'path' | 'count' | 'from'>, port?: number) => Promise<Asked>;

async function measureLookups(place: Place, run: Run): Promise<Figure> {
  const what = { method: 'GET', path: '/api/v1/bans/NETWORK', count: lookups, from: standingFrom } as const;
  const asked = await run(what);
  const { certFile, keyFile } = place.certificates;
  const bareTask: BareHttpTask = { certFile, keyFile, bodyBytes: Math.round(asked.bytes / asked.requests) };
  const bare = place.startScript('bare-http', bareTask);
  const [, port] = await bare.said(/port (\d+)/);
  const onBare = await run(what, Number(port));
  await bare.kill();
  const peer = { name: 'bare node:https', value: rateOf(onBare) };
  const note = `${clients * connectionsPerClient} connections with TLS that stay; the load shares the machine with the server`;
  return atLeast(
    { name: 'http: one network among 100,000 bans', value: rateOf(asked), unit: 'requests/s', peer, note },
    1_000,
  );
}

async function measurePages(run: Run): Promise<Figure> {
  const path = '/api/v1/bans?limit=100&sort=reported&since=NUMBER';
  const asked = await run({ method: 'GET', path, count: pages, from: 0 });
  const note = `a page of 100, each picked out anew; ${rateOf(asked).toFixed(0)} pages a second; one client may have ${Math.round((limits.eventsPerSecondMax * httpLimits.bansPerEvent) / standing)}`;
  const value = (asked.seconds * 1_000) / asked.requests;
  return atMost({ name: 'http: a page of 100,000 bans', value, unit: 'ms', note }, 150);
}

async function measurePuts(run: Run): Promise<Figure> {
  const path = '/api/v1/bans/NETWORK?ttl=1h&jail=web';
  const asked = await run({ method: 'PUT', path, count: puts, from: standingFrom + standing });
  const note = `durable when it is answered; half of them within ${asked.medianMs.toFixed(0)} ms`;
  return atLeast({ name: 'http: PUT of a ban', value: rateOf(asked), unit: 'requests/s', note }, 300);
}

async function measureMemory({ program }: ServerProcess): Promise<Figure> {
  const value = await residentMegabytes(program.pid);
  return atMost({ name: 'http: memory of the server after', value, unit: 'MB' }, 300);
}

function rateOf({ requests, seconds }: Asked): number {
  return requests / seconds;
}

async function enroll(place: Place): Promise<readonly string[]> {
  const socket = join(place.dir, 'http/admin.sock');
  const names = Array.from({ length: clients }, (_, index) => `reader${index}`);
  const args = { http: true, may: 'ban,subscribe', follows: '*' };
  const answers = await Promise.all(names.map((name) => callLocalSocket(socket, 'client-add', { name, ...args })));
  return answers.map(({ token }) => String(token));
}

async function runLoad(place: Place, load: HttpLoad): Promise<Asked> {
  const script = place.startScript('http-load', load);
  const [line] = await script.said(/\{.*\}/);
  await script.ended;
  return JSON.parse(line) as Asked;
}
