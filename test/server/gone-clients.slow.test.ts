import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { getHeapSnapshot } from 'node:v8';
import type { Core } from '../../server/core.ts';
import { recentChangesMax } from '../../server/feed/recent-changes.ts';
import { SqliteLedger } from '../../server/ledger/sqlite-ledger.ts';
import { Session } from '../../server/session.ts';
import { ManualClock } from '../manual-clock.ts';
import { makeClient, makeEvent, makeReport, network } from './samples.ts';
import { openCore } from './whole-core.ts';

const rounds = 100;
const perRound = 100;
/** Shares of the log are looked through when there are twice as many as the last time; engines keep a few strings. */
const leftMax = 3 * perRound;

describe('clients that are gone', () => {
  it('10,000 enrolled, connected and revoked leave nothing behind in memory', { timeout: 1_200_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'f2nb-gone-'));
    const ledger = await SqliteLedger.open(join(folder, 'ledger.db'));
    try {
      const clock = new ManualClock();
      const core = await openCore(ledger, clock, ['192.0.2.0/24']);
      for (let round = 0; round < rounds; round += 1) await comeAndGo(core, clock, round);
      await pushOutRecent(core);
      assert.deepEqual(core.clients.list(), []);
      const left = new Set((await text(getHeapSnapshot())).match(/gone-client-\d+/g));
      assert.ok(left.size <= leftMax, `${left.size} names are left, as ${[...left].slice(0, 3).join(', ')}`);
    } finally {
      await ledger.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** A hundred clients do all that a client can be remembered for, and are revoked while they are connected. */
async function comeAndGo(core: Core, clock: ManualClock, round: number): Promise<void> {
  const clients = Array.from({ length: perRound }, (_, at) => makeClient({ name: `gone-client-${round}${at + 100}` }));
  await core.record.write((draft) => {
    for (const client of clients) draft.add({ kind: 'enrolled', client, actor: 'operator' });
  });
  for (const [at, { name }] of clients.entries()) connect(core, clock, { name, host: at + 1 });
  await Promise.all(
    clients.map((client, at) => {
      const events = [`203.0.113.${at + 1}`, '192.0.2.1'].map((banned, number) => makeEvent(number + 1, banned));
      return core.intake.takeEvents(client, { type: 'events', stream: 'stream-1', events });
    }),
  );
  core.protection.review(clock.now());
  await core.record.write((draft) => {
    for (const { name } of clients) {
      draft.withdrawAll(core.standing.ofClient(name), 'revoked', 'operator');
      draft.add({ kind: 'revoked', client: name, actor: 'operator' });
    }
  });
  core.protection.review(clock.now());
  clock.advance(60_000);
}

/** The feed keeps a bounded number of the newest changes. */
function pushOutRecent(core: Core): Promise<void> {
  return core.record.write((draft) => {
    for (let at = 0; at < 2 * recentChangesMax; at += 1) draft.report(makeReport(`198.18.${at >> 8}.${at & 255}`));
  });
}

function connect(core: Core, clock: ManualClock, { name, host }: { name: string; host: number }): void {
  const { connected, protection, teller, rates, clients, intake } = core;
  const address = network(`198.51.100.${host}`);
  const session = new Session({
    connection: { send: () => undefined, close: () => connected.remove(session, clock.now()) },
    ...{ address, clients, intake, clock, randomBytes, rates, serverName: 'pve1', decoySecret: Buffer.alloc(32) },
    countReports: () => 0,
    answer: () => Promise.resolve({}),
    follow: () => () => undefined,
    noteEnforcers: () => undefined,
    noteIgnoreip: () => undefined,
    admit: () => undefined,
    onElsewhere: () => undefined,
    onRejection: () => undefined,
  });
  rates.of(name, clock.elapsed());
  connected.add({ session, client: name, keyId: 'key-0001', agent: 'test', address, since: clock.now() });
  connected.noteElsewhere(name, address, clock.now());
  teller.connected({ client: name, address, agent: 'test' });
  protection.hostCame({ client: name, keyId: 'key-0001', address, now: clock.now() });
  protection.offers.note(name, [network(`203.0.113.${host + 100}`)]);
}
