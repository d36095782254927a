import { readFileSync } from 'node:fs';
import { RawClient } from '../end-to-end/raw-client.ts';
import { addresses } from './networks.ts';

/**
 * A process of its own with very many subscribed connections. Prints `ready` once all have the snapshot, and after the
 * rounds a {@link Told}; then it waits to be ended.
 */
export interface FeedTask {
  /** Enrolment lines: more than fit on a command line. */
  readonly enrolmentsFile: string;
  readonly caFile: string;
  /** Connections of each enrolment. */
  readonly connectionsEach: number;
  /** Who bans, one network a round. */
  readonly banner: string;
  readonly rounds: number;
}

export interface Told {
  /** Bytes of the first follower's snapshot, and milliseconds from its wish to its end. */
  readonly snapshotBytes: number;
  readonly snapshotMs: number;
  /** For each round: milliseconds from the ban until half of the followers knew, and until all did. */
  readonly halfMs: readonly number[];
  readonly allMs: readonly number[];
}

/** Fewer than the server takes of one address without a login. */
const atOnce = 40;
const subscribe = { type: 'subscribe', after: null, ledger: '', own: false, filters: [] };

const task = JSON.parse(process.argv[2] ?? '') as FeedTask;
const banner = await RawClient.connect(task.banner, task.caFile);
const lines = readFileSync(task.enrolmentsFile, 'utf8')
  .split('\n')
  .flatMap((line) => Array.from({ length: task.connectionsEach }, () => line));
const followers: RawClient[] = [];
for (let from = 0; from < lines.length; from += atOnce) {
  const some = lines.slice(from, from + atOnce).map((line) => RawClient.connect(line, task.caFile));
  followers.push(...(await Promise.all(some)));
}
const snapshots = [];
for (const follower of followers) snapshots.push(await takeSnapshot(follower));
process.stdout.write('ready\n');
const rounds = [];
for (const [round, network] of addresses(task.rounds).entries()) rounds.push(await tell(network, round + 1));
const told: Told = {
  snapshotBytes: snapshots[0]?.bytes ?? 0,
  snapshotMs: snapshots[0]?.tookMs ?? 0,
  halfMs: rounds.map(({ halfMs }) => halfMs),
  allMs: rounds.map(({ allMs }) => allMs),
};
process.stdout.write(`${JSON.stringify(told)}\n`);

async function takeSnapshot(follower: RawClient): Promise<{ readonly bytes: number; readonly tookMs: number }> {
  const startedMs = performance.now();
  let bytes = 0;
  const count = (data: { readonly length: number }): void => {
    bytes += data.length;
  };
  follower.socket.on('message', count);
  follower.send(subscribe);
  while ((await follower.next())['part'] !== 'snapshot-end');
  follower.socket.off('message', count);
  return { bytes, tookMs: performance.now() - startedMs };
}

async function tell(network: string, number: number): Promise<{ readonly halfMs: number; readonly allMs: number }> {
  const event = { number, verb: 'ban', jail: 'sshd', network, ttlSeconds: 3_600, source: 'jail' };
  const startedMs = performance.now();
  const arrivals = followers.map(async (follower) => {
    await follower.next();
    return performance.now() - startedMs;
  });
  await banner.ask({ type: 'events', stream: 'feed-stream', events: [event] });
  const sorted = (await Promise.all(arrivals)).sort((a, b) => a - b);
  return { halfMs: sorted[Math.floor(sorted.length / 2)] ?? 0, allMs: sorted.at(-1) ?? 0 };
}
