import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Network } from '../../shared/network.ts';
import { CrowdsecProcess } from '../crowdsec/crowdsec-process.ts';
import { atMost, type Bench, type Figure, median } from './figure.ts';
import { addresses } from './networks.ts';
import { type Place, residentMegabytes } from './place.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const standing = 10_000;
const changes = 100;
const rounds = 7;
const peerName = "CrowdSec's local API";

/** Who answers bouncers. */
interface Side {
  readonly pid: number;
  /** Asks for the stream over one connection that is kept. @returns the bytes of the answer */
  readonly poll: (query: string) => Promise<Buffer>;
  readonly ban: (networks: readonly Network[]) => Promise<void>;
}

interface Measured {
  readonly startupMs: number;
  readonly emptyMs: number;
  readonly changesMs: number;
  readonly bytes: number;
  readonly megabytes: number;
}

/** The decision stream of 10,000 bans, ours and that of Debian's real CrowdSec, over TLS. */
export const crowdsecFigures: Bench = {
  name: 'crowdsec',
  measure: async (place) => {
    const ours = await measureSide(await startOurs(place));
    const theirs = await measureSide(await startTheirs(place));
    const compare = (name: string, key: keyof Measured, unit: string, note = ''): Figure =>
      atMost(
        {
          name,
          value: ours[key],
          unit,
          peer: { name: peerName, value: theirs[key] },
          ...(note === '' ? {} : { note }),
        },
        theirs[key],
      );
    const bytes = `${Math.round(ours.bytes / standing)} bytes a decision; peer ${Math.round(theirs.bytes / standing)}`;
    return [
      compare('decision stream: startup with 10,000', 'startupMs', 'ms', `median of ${rounds}; ${bytes}`),
      compare('decision stream: nothing new', 'emptyMs', 'ms'),
      compare('decision stream: 100 new', 'changesMs', 'ms'),
      atMost(
        {
          name: 'server: memory after it',
          value: ours.megabytes,
          unit: 'MB',
          peer: { name: peerName, value: theirs.megabytes },
          note: 'less than Node alone is not to be had',
        },
        200,
      ),
    ];
  },
};

async function startOurs(place: Place): Promise<Side> {
  await writeLedger(join(place.dir, 'crowdsec/ledger.db'), reportsOf(addresses(standing)));
  const server = await place.startServer('crowdsec', { enforcers: ['[dry-run]'] });
  const tokenOf = async (...words: readonly string[]): Promise<string> =>
    String((await server.ask('client', 'add', ...words, '--http'))['token']);
  const [key, writer] = [await tokenOf('edge'), await tokenOf('writer', '--may', 'ban')];
  const url = `https://127.0.0.1:${server.port}`;
  const ask = await asker(place);
  return {
    pid: server.program.pid,
    poll: (query) => ask(`${url}/v1/decisions/stream${query}`, 'GET', { 'x-api-key': key }),
    ban: async (networks) => {
      for (const network of networks)
        await ask(`${url}/api/v1/bans/${network}?ttl=1h`, 'PUT', { authorization: `Bearer ${writer}` });
    },
  };
}

async function startTheirs(place: Place): Promise<Side> {
  const crowdsec = await CrowdsecProcess.start({ after: (end) => place.atEnd(end) }, place.certificates);
  const ban = (networks: readonly Network[]): Promise<void> =>
    crowdsec.import(networks.map((value) => ({ duration: '1h', reason: 'sshd', scope: 'Ip', type: 'ban', value })));
  await ban(addresses(standing));
  const key = await crowdsec.addBouncer('edge');
  const ask = await asker(place);
  const headers = { 'x-api-key': key, 'user-agent': 'bench/1' };
  return {
    pid: crowdsec.pid,
    poll: (query) => ask(`${crowdsec.url}/v1/decisions/stream${query}`, 'GET', headers),
    ban,
  };
}

async function measureSide({ pid, poll, ban }: Side): Promise<Measured> {
  const [startupMs, emptyMs, changesMs]: [number[], number[], number[]] = [[], [], []];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    startupMs.push(
      await time(async () => {
        bytes = await expect(poll('?startup=true'), standing + round * changes);
      }),
    );
    emptyMs.push(await time(() => expect(poll(''), 0)));
    await ban(addresses(changes, standing + round * changes));
    changesMs.push(await time(() => expect(poll(''), changes)));
  }
  const megabytes = await residentMegabytes(pid);
  return {
    startupMs: median(startupMs),
    emptyMs: median(emptyMs),
    changesMs: median(changesMs),
    bytes,
    megabytes,
  };
}

/** @returns bytes @throws when it is not told of so many */
async function expect(answer: Promise<Buffer>, count: number): Promise<number> {
  const body = await answer;
  const { new: added }: { new: readonly unknown[] | null } = JSON.parse(body.toString());
  if ((added ?? []).length !== count) throw new Error(`${added?.length ?? 0} decisions instead of ${count}`);
  return body.length;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function asker(place: Place) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: await readFile(place.certificates.caFile) });
  place.atEnd(() => Promise.resolve(agent.destroy()));
  return async (url: string, method: string, headers: Readonly<Record<string, string>>): Promise<Buffer> => {
    const [answer] = await once(request(url, { method, headers, agent }).end(), 'response');
    const body = await buffer(answer);
    if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}: ${body.toString().slice(0, 200)}`);
    return body;
  };
}
