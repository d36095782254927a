import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../end-to-end/server-process.ts';
import { atLeastOfPeer, atMost, type Bench, type Figure, median } from './figure.ts';
import { ListReader } from './list-reader.ts';
import { addresses } from './networks.ts';
import { type Place, residentMegabytes } from './place.ts';
import type { PlainServerTask } from './plain-server.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const standing = 100_000;
const clients = 20;
const rounds = 5;
const readsPerRound = 20;
const readersAtOnce = 10;
/** Long enough for what is on its way to have come to stand still. */
const stallMs = 2_000;

/** Lists of 100,000 bans, over TLS on one kept connection. */
export const blocklistFigures: Bench = {
  name: 'blocklist',
  measure: async (place) => {
    await writeLedger(join(place.dir, 'lists/ledger.db'), reportsOf(addresses(standing), clients));
    const server = await place.startServer('lists', {});
    const token = String((await server.ask('client', 'add', 'reader', '--http'))['token']);
    const reader = new ListReader({ caFile: place.certificates.caFile, port: server.port, token });
    place.atEnd(() => Promise.resolve(reader.close()));
    return [
      ...(await measureMaking(reader, server)),
      ...(await measureRepeats(place, reader)),
      ...(await measureMemory(place, server, token)),
    ];
  },
};

const note = `100,000 addresses, TLS, one connection; median of ${rounds}`;

/** First lists: each after a change. The very first, of a server that has just started, is not counted. */
async function measureMaking(reader: ListReader, server: ServerProcess): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [path, most] of [
    ['txt', 100],
    ['txt?aggregate', 100],
    ['csv', 100],
    ['json', 100],
    ['nft', 100],
    ['ipset', 100],
    ['rsc', 100],
  ] as const) {
    const tookMs: number[] = [];
    await reader.read(`/blocklist.${path}`);
    for (let round = 0; round < rounds; round += 1) {
      await server.command(round % 2 === 0 ? 'ban' : 'unban', '203.0.113.7');
      tookMs.push((await reader.read(`/blocklist.${path}`)).tookMs);
    }
    figures.push(atMost({ name: `blocklist.${path}: first`, value: median(tookMs), unit: 'ms', note }, most));
  }
  return figures;
}

/** The list again, beside a server that does nothing but send the same bytes. */
async function measureRepeats(place: Place, reader: ListReader): Promise<readonly Figure[]> {
  const { tag, body } = await reader.read('/blocklist.txt');
  const bodyFile = join(place.dir, 'list.txt');
  await writeFile(bodyFile, body);
  const task: PlainServerTask = { ...place.certificates, bodyFile };
  const [, port] = await place.startScript('plain-server', task).said(/port (\d+)/);
  const plain = new ListReader({ caFile: place.certificates.caFile, port: Number(port), token: '' });
  place.atEnd(() => Promise.resolve(plain.close()));
  const rates = { kept: [] as number[], plain: [] as number[] };
  const known: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    rates.kept.push(await rateOf(reader));
    rates.plain.push(await rateOf(plain));
    known.push((await reader.read('/blocklist.txt', tag)).tookMs);
  }
  const peer = { name: 'bare node:https', value: median(rates.plain) };
  const value = median(rates.kept);
  return [
    atMost({ name: 'blocklist.txt: 304', value: median(known), unit: 'ms', note }, 10),
    atLeastOfPeer(
      { name: 'blocklist.txt: kept', value, unit: 'lists/s', peer, note: `${note} rounds of ${readsPerRound}` },
      0.5,
    ),
    atMost({ name: 'blocklist.txt: kept', value: 1_000 / value, unit: 'ms', note: 'the same, as the time of one' }, 10),
  ];
}

async function rateOf(reader: ListReader): Promise<number> {
  const startedMs = performance.now();
  for (let count = 0; count < readsPerRound; count += 1) {
    const { status } = await reader.read('/blocklist.txt');
    if (status !== 200) throw new Error(`a list was answered with ${status}`);
  }
  return (readsPerRound * 1_000) / (performance.now() - startedMs);
}

/** Ten whole lists at once to readers that do not read on: what waits for them is in the server's memory. */
async function measureMemory(place: Place, server: ServerProcess, token: string): Promise<readonly Figure[]> {
  const { pid } = server.program;
  const readers = Array.from(
    { length: readersAtOnce },
    () => new ListReader({ caFile: place.certificates.caFile, port: server.port, token }),
  );
  const before = await residentMegabytes(pid);
  const responses = await Promise.all(readers.map((each) => each.open('/blocklist.json')));
  await delay(stallMs);
  const stalled = await residentMegabytes(pid);
  let bytes = 0;
  for (const response of responses) for await (const piece of response) bytes += piece.length;
  for (const each of readers) each.close();
  const sent = `${Math.round(bytes / 2 ** 20)} MB of JSON to ${readersAtOnce} readers that stand still for ${stallMs / 1_000} s; ${Math.round(before)} MB before`;
  return [atMost({ name: 'server: memory, ten lists at once', value: stalled, unit: 'MB', note: sent }, 350)];
}
