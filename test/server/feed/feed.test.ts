import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { recentChangesMax } from '../../../server/feed/recent-changes.ts';
import type { Client } from '../../../server/ledger/ledger.ts';
import type { FeedFrame, SubscribeFrame } from '../../../shared/frames.ts';
import { limits } from '../../../shared/limits.ts';
import { openFilter } from '../../../shared/report-filter.ts';
import { Core } from '../core.ts';
import { FailingLedger } from '../failing-ledger.ts';
import { makeClient, makeReport, network } from '../samples.ts';

const everything: SubscribeFrame = { type: 'subscribe', after: null, ledger: '', own: false, filters: [] };
const db1 = makeClient({ name: 'db1', may: ['subscribe'] });

/** A subscribed host that takes a frame when the test lets it. */
class Host {
  readonly frames: FeedFrame[] = [];
  readonly stop: () => void;
  #reports = new Set<string>();
  #staged = new Set<string>();
  #takeOne: (() => void) | undefined;

  constructor(core: Core, request: Partial<SubscribeFrame> = {}, client: Client = db1) {
    this.stop = core.feed.follow(client, { ...everything, ...request }, (frame, onSent) => {
      assert.equal(this.#takeOne, undefined, 'one frame at a time');
      this.#takeOne = () => {
        this.#takeOne = undefined;
        this.#take(frame);
        onSent();
      };
    });
  }

  /** Takes what is on its way. @returns false when nothing was */
  takeOne(): boolean {
    const take = this.#takeOne;
    take?.();
    return take !== undefined;
  }

  /** @returns what it knows, as `network client jail`, sorted */
  takeAll(): string[] {
    while (this.takeOne());
    return [...this.#reports].sort();
  }

  #take(frame: FeedFrame): void {
    if (this.frames.at(-1)?.ledger !== frame.ledger) this.#staged = new Set();
    this.frames.push(frame);
    const target = frame.part === 'changes' ? this.#reports : this.#staged;
    for (const key of frame.ended) target.delete(key.join(' '));
    for (const [of, client, jail] of frame.bans) target.add(`${of} ${client} ${jail}`);
    if (frame.part !== 'snapshot-end') return;
    this.#reports = this.#staged;
    this.#staged = new Set();
  }
}

const ban = (core: Core, ...texts: readonly string[]): Promise<void> =>
  core.record.write((draft) => {
    for (const text of texts) draft.report(makeReport(text));
  });
const ledgerOf = (host: Host): string => {
  host.takeAll();
  return host.frames[0]?.ledger ?? '';
};
const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `198.51.${at >> 8}.${at & 255}`);

describe('the feed', () => {
  it('tells what stands in parts, then each change with its number', async () => {
    const core = await Core.make();
    await ban(core, ...many(limits.feedReportsPerFrameMax + 1));
    const host = new Host(core);
    assert.equal(host.takeAll().length, limits.feedReportsPerFrameMax + 1);
    assert.deepEqual(
      host.frames.map(({ part, bans, sequence }) => [part, bans.length, sequence]),
      [
        ['snapshot', 400, 401],
        ['snapshot-end', 1, 401],
      ],
    );
    await core.record.write((draft) => {
      draft.withdraw(makeReport('198.51.0.0'), 'unban', 'web1');
      draft.report(makeReport('203.0.113.7', { endsAt: core.clock.now() + 1_500, labels: { site: 'fra1' } }));
    });
    host.takeAll();
    assert.deepEqual(host.frames.at(-1), {
      ...{ type: 'feed', part: 'changes', ledger: ledgerOf(host), sequence: 403, paused: false },
      bans: [['203.0.113.7', 'web1', 'sshd', 2, { site: 'fra1' }]],
      ended: [['198.51.0.0', 'web1', 'sshd']],
    });
  });

  it('tells a host not of its own bans, but of the same network by another', async () => {
    const core = await Core.make();
    const own = new Host(core, {}, makeClient({ may: ['subscribe'] }));
    const wanted = new Host(core, { own: true }, makeClient({ may: ['subscribe'] }));
    await ban(core, '203.0.113.7');
    assert.deepEqual(own.takeAll(), []);
    await core.record.write((draft) => draft.report(makeReport('203.0.113.7', { client: 'web2' })));
    assert.deepEqual(own.takeAll(), ['203.0.113.7 web2 sshd']);
    assert.deepEqual(wanted.takeAll(), ['203.0.113.7 web1 sshd', '203.0.113.7 web2 sshd']);
  });

  it('tells only of the jails that the client may follow, and of what fits a filter', async () => {
    const core = await Core.make();
    await core.record.write((draft) => {
      for (const jail of ['sshd', 'nginx-auth', 'nginx-bots']) draft.report(makeReport('203.0.113.7', { jail }));
      draft.report(makeReport('2001:db8::/64', { jail: 'nginx-auth', labels: { site: 'fra1' } }));
    });
    const limited = new Host(core, {}, makeClient({ name: 'db1', may: ['subscribe'], follows: ['nginx-*'] }));
    assert.equal(limited.takeAll().length, 3);
    const filters = [
      { ...openFilter, jails: ['*-bots'] },
      { ...openFilter, labels: { site: ['fra*'] }, families: [6 as const], narrowest: 64 },
    ];
    assert.deepEqual(new Host(core, { filters }).takeAll(), [
      '2001:db8::/64 web1 nginx-auth',
      '203.0.113.7 web1 nginx-bots',
    ]);
  });

  it('goes on after a reconnect where it ended, or begins anew', async () => {
    const core = await Core.make();
    await ban(core, '203.0.113.1', '203.0.113.2');
    const ledger = ledgerOf(new Host(core));
    const resumed = new Host(core, { after: 1, ledger });
    assert.deepEqual([resumed.takeAll(), resumed.frames[0]?.part], [['203.0.113.2 web1 sshd'], 'changes']);
    for (const after of [3, 99]) {
      const unknown = new Host(core, { after, ledger });
      unknown.takeAll();
      assert.equal(unknown.frames[0]?.part, 'snapshot-end');
    }
    const foreign = new Host(core, { after: 1, ledger: 'another' });
    foreign.takeAll();
    assert.equal(foreign.frames[0]?.part, 'snapshot-end');
    await ban(core, ...many(2 * recentChangesMax + 1));
    const late = new Host(core, { after: 1, ledger });
    assert.deepEqual([late.takeAll().length, late.frames[0]?.part], [2 * recentChangesMax + 3, 'snapshot']);
  });

  it('holds nothing for a host that does not read, which then begins anew', async () => {
    const core = await Core.make();
    const host = new Host(core);
    await ban(core, ...many(2 * recentChangesMax + 1));
    assert.equal(host.frames.length, 0);
    assert.equal(host.takeAll().length, 2 * recentChangesMax + 1);
    assert.deepEqual(
      host.frames.slice(0, 2).map(({ part, bans }) => [part, bans.length]),
      [
        ['snapshot-end', 0],
        ['snapshot', 400],
      ],
    );
  });

  it('is silent about changes that do not concern a host, until they are many', async () => {
    const core = await Core.make();
    const host = new Host(core, { filters: [{ ...openFilter, jails: ['nginx'] }] });
    await ban(core, ...many(999));
    host.takeAll();
    assert.equal(host.frames.length, 1);
    await ban(core, '203.0.113.7');
    host.takeAll();
    assert.deepEqual([host.frames.length, host.frames.at(-1)?.sequence], [2, 1_000]);
  });

  it('says that enforcement is paused, and that it goes on', async () => {
    const core = await Core.make();
    const host = new Host(core);
    host.takeAll();
    for (const kind of ['paused', 'resumed'] as const) {
      core.isPaused = kind === 'paused';
      await core.record.write((draft) => draft.add({ kind, actor: 'operator' }));
      host.takeAll();
      assert.equal(host.frames.at(-1)?.paused, kind === 'paused');
    }
  });

  it('leaves out what the policy forbids since, once it begins anew', async () => {
    const core = await Core.make();
    await ban(core, '203.0.113.7', '203.0.113.8');
    const host = new Host(core);
    assert.equal(host.takeAll().length, 2);
    core.protectedAddresses.protect(network('203.0.113.7'), 'a test');
    core.held.check();
    core.feed.restart();
    assert.deepEqual(host.takeAll(), ['203.0.113.8 web1 sshd']);
  });

  it('begins anew under another name when the policy changes amid a snapshot, so that no part of the old one stays', async () => {
    const core = await Core.make();
    await ban(core, ...many(2 * limits.feedReportsPerFrameMax));
    const host = new Host(core);
    host.takeOne();
    core.protectedAddresses.protect(network('198.51.0.0'), 'a test');
    core.held.check();
    core.feed.restart();
    assert.equal(host.takeAll().length, 2 * limits.feedReportsPerFrameMax - 1);
  });

  it('does not go on where a host ended when the policy changed meanwhile', async () => {
    const core = await Core.make();
    await ban(core, '203.0.113.7', '203.0.113.8');
    const before = new Host(core);
    const ledger = ledgerOf(before);
    before.stop();
    core.protectedAddresses.protect(network('203.0.113.7'), 'a test');
    core.held.check();
    core.feed.restart();
    const after = new Host(core, { after: 2, ledger });
    assert.deepEqual([after.takeAll(), after.frames[0]?.part], [['203.0.113.8 web1 sshd'], 'snapshot-end']);
  });

  it('does not go on where a host ended when it may follow other jails now, or wishes for others', async () => {
    const core = await Core.make();
    await ban(core, '203.0.113.7');
    const ledger = ledgerOf(new Host(core));
    const limited = makeClient({ name: 'db1', may: ['subscribe'], follows: ['nginx-*'] });
    assert.deepEqual(new Host(core, { after: 1, ledger }, limited).takeOne(), true);
    assert.deepEqual(new Host(core, { after: 1, ledger, own: true }).takeOne(), true);
    assert.deepEqual(new Host(core, { after: 1, ledger }).takeOne(), false);
  });

  it('does not go on where a host ended before a restart: a ledger from a backup gives its numbers again', async () => {
    const ledger = new FailingLedger();
    const before = await Core.make(ledger);
    await ban(before, '203.0.113.7');
    const name = ledgerOf(new Host(before));
    const core = await Core.make(ledger);
    core.clock.advance(1_000);
    const restarted = await Core.make(ledger, core.clock);
    const host = new Host(restarted, { after: 1, ledger: name });
    assert.deepEqual([host.takeAll(), host.frames[0]?.part], [['203.0.113.7 web1 sshd'], 'snapshot-end']);
  });

  it('says that a report has ended when another with labels that do not fit takes its place', async () => {
    const core = await Core.make();
    const host = new Host(core, { filters: [{ ...openFilter, labels: { site: ['fra*'] } }] });
    for (const site of ['fra1', 'ams1']) {
      await core.record.write((draft) => draft.report(makeReport('203.0.113.7', { labels: { site } })));
      assert.deepEqual(host.takeAll(), site === 'fra1' ? ['203.0.113.7 web1 sshd'] : []);
    }
  });

  it('tells nothing after its end, not even the rest of a snapshot', async () => {
    const core = await Core.make();
    await ban(core, ...many(limits.feedReportsPerFrameMax + 1));
    const host = new Host(core);
    host.stop();
    host.takeAll();
    assert.equal(host.frames.length, 1);
  });

  it('tells one part of all snapshots at a time, so that a server with many is not kept from other work', async () => {
    const core = await Core.make();
    await ban(core, ...many(limits.feedReportsPerFrameMax + 1));
    const turns: (() => void)[] = [];
    core.feedSoon = (then) => turns.push(then);
    const hosts = [new Host(core), new Host(core)];
    for (let turn = 1; turn <= 4; turn += 1) {
      assert.deepEqual([turns.length, hosts.filter((host) => host.takeOne()).length], [1, turn === 1 ? 0 : 1]);
      turns.shift()?.();
    }
    assert.deepEqual([turns.length, ...hosts.map((host) => host.takeAll().length)], [0, 401, 401]);
  });

  it('tells no change after its end', async () => {
    const core = await Core.make();
    const host = new Host(core);
    host.takeAll();
    host.stop();
    await ban(core, '203.0.113.7');
    assert.deepEqual([host.takeAll(), core.feed.size], [[], 0]);
  });

  it('ends with what stands, however slowly a host reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyStep, fc.nat(2)), { maxLength: 40 }), async (steps) => {
        const core = await Core.make();
        const host = new Host(core);
        for (const [{ text, client, isBan }, reads] of steps) {
          const report = makeReport(text, { client });
          await core.record.write((draft) => (isBan ? draft.report(report) : draft.withdraw(report, 'unban', client)));
          for (let read = 0; read < reads; read += 1) host.takeOne();
        }
        assert.deepEqual(host.takeAll(), core.claims);
      }),
      { numRuns: 200 },
    );
  });
});

const anyStep = fc.record({
  text: fc.constantFrom('203.0.113.1', '203.0.113.2', '2001:db8::1'),
  client: fc.constantFrom('web1', 'web2'),
  isBan: fc.boolean(),
});
