import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Change,
  type CountFilter,
  type HistoryEntry,
  type HistoryFilter,
  ignoreipSource,
  isNumbered,
  type Ledger,
  type LedgerState,
  type Report,
  streamsPerClientMax,
} from '../../server/ledger/ledger.ts';
import { MemoryLedger } from '../../server/ledger/memory-ledger.ts';
import type { Network } from '../../shared/network.ts';
import { makeClient, makeEntry, makeReport, network } from '../server/samples.ts';
import { dnsName } from '../shared/dns/dns-names.ts';

/** What every ledger must do. `open` gives a new, empty one each time, `reopen` the last one again, where it outlives its closing. */
export function ledgerContract(name: string, open: () => Promise<Ledger>, reopen?: () => Promise<Ledger>): void {
  const ledgers: Ledger[] = [];
  const make = async (): Promise<Ledger> => {
    const ledger = await open();
    ledgers.push(ledger);
    return new CompletingLedger(ledger);
  };
  after(() => Promise.all(ledgers.map((ledger) => ledger.close())));

  describe(`${name}: what stands`, () => {
    it('is nothing at first', async () => {
      const { id, marks, ...state } = await (await make()).load();
      assert.match(id, /^[a-z0-9]+$/);
      assert.match(marks.join(), /^[a-z0-9]{4}$/);
      assert.deepEqual(state, {
        sequence: 0,
        reports: [],
        whitelist: [],
        whitelistNames: [],
        clients: [],
        streams: new Map(),
        protectedSets: [],
        losses: [],
        hostAddresses: new Map(),
        decided: 0,
        paused: false,
      });
    });

    it('is each report with the sequence number of its change', async () => {
      const ledger = await make();
      const [first, second] = [makeReport('192.0.2.1', { endsAt: 5_000 }), makeReport('2001:db8::/64')];
      assert.equal(await ledger.commit([reported(first), reported(second)], 1_000), 1);
      const { reports, sequence } = await ledger.load();
      assert.deepEqual(reports, [
        { ...first, sequence: 1 },
        { ...second, sequence: 2 },
      ]);
      assert.equal(sequence, 2);
    });

    it('holds one report for each network, client and jail: the last one', async () => {
      const ledger = await make();
      const others = [
        makeReport('192.0.2.1'),
        makeReport('192.0.2.1', { client: 'web2' }),
        makeReport('192.0.2.1', { jail: 'nginx' }),
        makeReport('192.0.2.2'),
      ];
      const again = makeReport('192.0.2.1', { endsAt: 9_000, source: 'hand' });
      await ledger.commit(others.map(reported), 1_000);
      await ledger.commit([reported(again)], 2_000);
      const { reports } = await ledger.load();
      assert.deepEqual(reports, [
        ...others.slice(1).map((report, at) => ({ ...report, sequence: at + 2 })),
        { ...again, sequence: 5 },
      ]);
    });

    it('loses only the report that is withdrawn', async () => {
      const ledger = await make();
      const [own, other] = [makeReport('192.0.2.1'), makeReport('192.0.2.1', { client: 'web2' })];
      await ledger.commit([reported(own), reported(other)], 1_000);
      await ledger.commit([withdrawn(own)], 2_000);
      assert.deepEqual((await ledger.load()).reports, [{ ...other, sequence: 2 }]);
    });

    it('keeps a lifted report, marked, and says in history that it was withdrawn', async () => {
      const ledger = await make();
      const report = makeReport('192.0.2.1');
      await ledger.commit([reported(report), lifted(report)], 1_000);
      assert.deepEqual((await ledger.load()).reports, [{ ...report, isLifted: true, sequence: 2 }]);
      const [{ kind, reason, actor } = {}] = await ledger.changesAfter(1, 10);
      assert.deepEqual({ kind, reason, actor }, { kind: 'withdrawn', reason: 'lifted', actor: 'operator' });
      await ledger.commit([reported(report)], 2_000);
      assert.deepEqual((await ledger.load()).reports, [{ ...report, sequence: 3 }]);
    });

    it('is what the last of several changes of one commit says', async () => {
      const ledger = await make();
      const [a, b] = [makeReport('192.0.2.1'), makeReport('192.0.2.2')];
      const longer = { ...b, endsAt: 7_000 };
      await ledger.commit([reported(a), withdrawn(a), reported(b), withdrawn(b), reported(longer)], 1_000);
      assert.deepEqual((await ledger.load()).reports, [{ ...longer, sequence: 5 }]);
      assert.equal((await ledger.history({ most: 10 })).length, 5);
    });

    it('holds whitelist entries until they are disallowed', async () => {
      const ledger = await make();
      const [kept, gone] = [makeEntry('192.0.2.0/24', { note: 'Büro “A”', endsAt: 5_000 }), makeEntry('2001:db8::1')];
      await ledger.commit([allowed(makeEntry('192.0.2.0/24')), allowed(gone), allowed(kept)], 1_000);
      await ledger.commit([{ kind: 'disallowed', network: gone.network, actor: 'server', reason: 'expired' }], 2_000);
      assert.deepEqual((await ledger.load()).whitelist, [kept]);
    });

    it('holds what each source of protection said last, and that one named nothing', async () => {
      const ledger = await make();
      const read = (source: string, ...texts: string[]): Change => {
        return { kind: 'source-read', source, networks: texts.map(network) };
      };
      await ledger.commit([read('a', '192.0.2.1', '192.0.2.0/24'), read('b', '192.0.2.1'), read('c')], 1_000);
      await ledger.commit([read('b')], 2_000);
      const { protectedSets, sequence } = await ledger.load();
      assert.deepEqual(
        protectedSets.map(({ source, networks }) => `${source}: ${[...networks].sort().join(' ')}`).sort(),
        ['a: 192.0.2.0/24 192.0.2.1', 'b: ', 'c: '],
      );
      assert.equal(sequence, 0, 'it takes no number');
      assert.deepEqual(await ledger.history({ most: 10 }), []);
    });

    it('holds the addresses that a host was last at, until it is revoked', async () => {
      const ledger = await make();
      const at = (text: string, seenAt: number) => ({ address: network(text), keyId: 'key-0001', seenAt });
      const known = (client: string, ...addresses: ReturnType<typeof at>[]): Change => {
        return { kind: 'host-addresses', client, addresses };
      };
      await ledger.commit([known('web1', at('192.0.2.1', 1)), known('web2', at('192.0.2.2', 2))], 1_000);
      await ledger.commit(
        [known('web1', at('2001:db8::1', 3), at('192.0.2.1', 4)), known('web3', at('192.0.2.3', 1))],
        2_000,
      );
      await ledger.commit([{ kind: 'revoked', client: 'web2', actor: 'operator' }, known('web3')], 3_000);
      assert.deepEqual(
        await ledger.load().then(({ hostAddresses }) => hostAddresses),
        new Map([['web1', [at('2001:db8::1', 3), at('192.0.2.1', 4)]]]),
      );
    });

    it('holds what a host offers by ignoreip, until it is revoked', async () => {
      const ledger = await make();
      const offers = (client: string, ...texts: string[]): Change => {
        return { kind: 'source-read', source: ignoreipSource(client), networks: texts.map(network) };
      };
      const revoked: Change = { kind: 'revoked', client: 'web1', actor: 'operator' };
      const kept = async () =>
        (await ledger.load()).protectedSets.map(({ source, networks }) => [source, ...networks].join(' ')).sort();
      await ledger.commit([offers('web1', '192.0.2.1'), offers('web10', '192.0.2.2')], 1_000);
      await ledger.commit([revoked], 2_000);
      assert.deepEqual(await kept(), ['host/web10/ignoreip 192.0.2.2']);
      await ledger.commit([offers('web1', '192.0.2.3')], 3_000);
      assert.deepEqual(await kept(), ['host/web1/ignoreip 192.0.2.3', 'host/web10/ignoreip 192.0.2.2']);
    });

    it("keeps that the operator meant a host's address", async () => {
      const ledger = await make();
      const meant = makeReport('192.0.2.1', { source: 'hand', evenHost: true });
      const labelled = makeReport('192.0.2.2', { source: 'hand', evenHost: true, labels: { site: 'fra1' } });
      await ledger.commit([reported(meant), reported(labelled), reported(makeReport('192.0.2.3'))], 1_000);
      const { reports } = await ledger.load();
      assert.deepEqual(
        reports.map(({ evenHost, source }) => [source, evenHost]),
        [
          ['hand', true],
          ['hand', true],
          ['jail', undefined],
        ],
      );
      assert.deepEqual(
        (await ledger.history({ most: 10 })).map(({ source }) => source),
        ['jail', 'hand', 'hand'],
      );
    });

    it('holds clients with the keys of their last enrolment', async () => {
      const ledger = await make();
      const keys = [
        { kind: 'frames', id: 'new-0001', secret: 'A'.repeat(43), endsAt: Number.POSITIVE_INFINITY },
        { kind: 'frames', id: 'old-0001', secret: 'B'.repeat(43), endsAt: 5_000 },
        { kind: 'http', id: 'http-001', tokenHash: 'a'.repeat(64), endsAt: 5_000 },
      ] as const;
      const from = [network('192.0.2.0/24'), network('2001:db8::1')];
      const rotated = makeClient({ keys, from, jails: ['sshd', 'nginx-*'], may: [], description: 'Büro', addedAt: 17 });
      await ledger.commit([enrolled(makeClient()), enrolled(makeClient({ name: 'web2', jails: [] }))], 1_000);
      await ledger.commit([enrolled(rotated)], 2_000);
      const { clients } = await ledger.load();
      assert.deepEqual(byName(clients), byName([rotated, makeClient({ name: 'web2', jails: [] })]));
    });

    it('forgets a revoked client with its keys and streams, and keeps its reports', async () => {
      const ledger = await make();
      const report = makeReport('192.0.2.1');
      await ledger.commit([enrolled(makeClient()), reported(report), advanced('web1', 'stream-1', 5, true)], 1_000);
      await ledger.commit([{ kind: 'revoked', client: 'web1', actor: 'operator' }], 2_000);
      const { clients, streams, reports } = await ledger.load();
      assert.deepEqual({ clients, streams: streams.get('web1') }, { clients: [], streams: undefined });
      assert.equal(reports.length, 1);
    });

    it('remembers whether the operator paused enforcement', async () => {
      const ledger = await make();
      await ledger.commit([{ kind: 'paused', actor: 'operator' }], 1_000);
      assert.equal((await ledger.load()).paused, true);
      await ledger.commit([{ kind: 'resumed', actor: 'operator' }], 2_000);
      assert.equal((await ledger.load()).paused, false);
    });

    it('is handed out as it was when asked for', async () => {
      const ledger = await make();
      const before = await ledger.load();
      await ledger.commit([reported(makeReport('192.0.2.1')), advanced('web1', 'stream-1', 5, true)], 1_000);
      assert.deepEqual([before.reports, before.streams], [[], new Map()]);
    });
  });

  describe(`${name}: streams`, () => {
    it('keep the last number of each client and stream', async () => {
      const ledger = await make();
      await ledger.commit(
        [advanced('web1', 'a', 3, true), advanced('web1', 'b', 9, true), advanced('web2', 'a', 1, true)],
        1,
      );
      await ledger.commit([advanced('web1', 'a', 4, false)], 2);
      assert.deepEqual(
        (await ledger.load()).streams,
        new Map([
          [
            'web1',
            new Map([
              ['a', 4],
              ['b', 9],
            ]),
          ],
          ['web2', new Map([['a', 1]])],
        ]),
      );
    });

    it(`are the ${streamsPerClientMax} last used ones of each client, oldest first`, async () => {
      const ledger = await make();
      for (let at = 1; at <= streamsPerClientMax; at += 1)
        await ledger.commit([advanced('web1', `s${at}`, at, true)], at);
      await ledger.commit([advanced('web1', 's1', 50, false)], 50);
      await ledger.commit([advanced('web1', 'extra', 60, true)], 60);
      const left = [...((await ledger.load()).streams.get('web1')?.keys() ?? [])];
      const middle = Array.from({ length: streamsPerClientMax - 2 }, (_, at) => `s${at + 3}`);
      assert.deepEqual(left, [...middle, 's1', 'extra']);
    });
  });

  describe(`${name}: sequence numbers`, () => {
    it('go on from commit to commit, and a stream that advances takes none', async () => {
      const ledger = await make();
      const [a, b] = [makeReport('192.0.2.1'), makeReport('192.0.2.2')];
      assert.equal(await ledger.commit([reported(a), advanced('web1', 's', 1, true), reported(b)], 1_000), 1);
      assert.equal(await ledger.commit([advanced('web1', 's', 2, false)], 1_000), 3);
      assert.equal(await ledger.commit([withdrawn(a)], 1_000), 3);
      assert.equal((await ledger.load()).sequence, 3);
      assert.deepEqual(sequences(await ledger.history({ most: 10 })), [3, 2, 1]);
    });

    it('go on after everything was pruned', async () => {
      const ledger = await make();
      await ledger.commit([reported(makeReport('192.0.2.1'))], 1_000);
      await ledger.commit([withdrawn(makeReport('192.0.2.1'))], 1_000);
      assert.equal(await ledger.prune(5_000, 100), 2);
      assert.equal((await ledger.load()).sequence, 2);
      assert.equal(await ledger.commit([reported(makeReport('192.0.2.2'))], 6_000), 3);
    });
  });

  describe(`${name}: history`, () => {
    const changes: readonly Change[] = [
      enrolled(makeClient()),
      reported(makeReport('192.0.2.1', { endsAt: 5_000 })),
      reported(makeReport('192.0.2.2', { client: 'web2', source: 'hand' })),
      withdrawn(makeReport('192.0.2.1', { endsAt: 5_000 })),
      allowed(makeEntry('192.0.2.3', { note: 'because' })),
      { kind: 'disallowed', network: network('192.0.2.3'), actor: 'operator', reason: 'removed' },
      { kind: 'revoked', client: 'web1', actor: 'operator' },
      { kind: 'paused', actor: 'operator' },
      { kind: 'resumed', actor: 'operator' },
    ];

    it('has traces of what was reported, and of what reports lie in', async () => {
      const ledger = await make();
      await ledger.commit([...changes, reported(makeReport('2001:db8::1'))], 1_000);
      const known = ['192.0.2.1', '192.0.2.2', '192.0.2.0/30', '2001:db8::/127'];
      const unknown = ['192.0.2.3', '192.0.2.4/30', '198.51.100.1', '2001:db8::2', '2001:db8::2/127', '192.0.2.0/31'];
      const traces = await ledger.traces([...known, ...unknown].map(network));
      assert.deepEqual([...traces].sort(), [...known, '192.0.2.0/31'].sort());
    });

    it('tells who did what, and why, newest first', async () => {
      const ledger = await make();
      await ledger.commit(changes, 1_000);
      const never = Number.POSITIVE_INFINITY;
      const ban = { network: '192.0.2.1', client: 'web1', jail: 'sshd', source: 'jail', endsAt: 5_000 };
      assert.deepEqual(await ledger.history({ most: 100 }), [
        { sequence: 9, at: 1_000, kind: 'resumed', actor: 'operator' },
        { sequence: 8, at: 1_000, kind: 'paused', actor: 'operator' },
        { sequence: 7, at: 1_000, kind: 'revoked', client: 'web1', actor: 'operator' },
        { sequence: 6, at: 1_000, kind: 'disallowed', network: '192.0.2.3', actor: 'operator', reason: 'removed' },
        {
          sequence: 5,
          at: 1_000,
          kind: 'allowed',
          network: '192.0.2.3',
          endsAt: never,
          actor: 'operator',
          reason: 'because',
        },
        { sequence: 4, at: 1_000, kind: 'withdrawn', ...ban, actor: 'web1', reason: 'unban' },
        {
          ...{ sequence: 3, at: 1_000, kind: 'reported', network: '192.0.2.2', client: 'web2', jail: 'sshd' },
          ...{ source: 'hand', endsAt: never, actor: 'web2' },
        },
        { sequence: 2, at: 1_000, kind: 'reported', ...ban, actor: 'web1' },
        { sequence: 1, at: 1_000, kind: 'enrolled', client: 'web1', actor: 'operator' },
      ]);
    });

    it('is filtered by network, client, jail and time, and cut to the newest', async () => {
      const ledger = await make();
      await ledger.commit(changes.slice(0, 3), 1_000);
      await ledger.commit(changes.slice(3), 2_000);
      const found = async (filter: Parameters<Ledger['history']>[0]) => sequences(await ledger.history(filter));
      assert.deepEqual(await found({ most: 2 }), [9, 8]);
      assert.deepEqual(await found({ most: 9, network: network('192.0.2.1') }), [4, 2]);
      assert.deepEqual(await found({ most: 9, client: 'web2' }), [3]);
      assert.deepEqual(await found({ most: 9, jail: 'sshd' }), [4, 3, 2]);
      assert.deepEqual(await found({ most: 9, jail: 'sshd', client: 'web1', since: 2_000 }), [4]);
      assert.deepEqual(await found({ most: 9, jail: 'nginx' }), []);
    });

    it('is read page by page, each from where the one before ended', async () => {
      const ledger = await make();
      await ledger.commit(changes, 1_000);
      assert.deepEqual(sequences(await ledger.history({ most: 2, before: 10 })), [9, 8]);
      assert.deepEqual(sequences(await ledger.history({ most: 2, before: 8 })), [7, 6]);
      assert.deepEqual(sequences(await ledger.history({ most: 2, before: 4, jail: 'sshd' })), [3, 2]);
      assert.deepEqual(await ledger.history({ most: 2, before: 1 }), []);
    });

    it('is cut off at an instant, which does not count itself', async () => {
      const ledger = await make();
      await ledger.commit(changes.slice(0, 3), 1_000);
      await ledger.commit(changes.slice(3), 2_000);
      assert.deepEqual(sequences(await ledger.history({ most: 9, until: 2_000 })), [3, 2, 1]);
      assert.deepEqual(sequences(await ledger.history({ most: 9, until: 2_001, since: 2_000, jail: 'sshd' })), [4]);
    });

    it('shows a reader its own reports and those of jails that it follows, and nothing else', async () => {
      const ledger = await make();
      const web = makeReport('192.0.2.9', { client: 'web3', jail: 'nginx-http-auth' });
      await ledger.commit([...changes, reported(web), reported({ ...web, jail: 'nginx' }), withdrawn(web)], 1_000);
      const seen = async (client: string, ...follows: readonly string[]) =>
        sequences(await ledger.history({ most: 99, visibleTo: { client, follows } }));
      assert.deepEqual(await seen('nobody'), []);
      assert.deepEqual(await seen('web1'), [4, 2]);
      assert.deepEqual(await seen('nobody', 'nginx-*'), [12, 10]);
      assert.deepEqual(await seen('nobody', 'n*x'), [11]);
      assert.deepEqual(await seen('web1', 'nginx', '*-http-*'), [12, 11, 10, 4, 2]);
      assert.deepEqual(await seen('nobody', '*'), [12, 11, 10, 4, 3, 2]);
    });

    it('is counted by jail, client and network, most first; what is no new ban does not count', async () => {
      const ledger = await make();
      const [a, b] = [makeReport('192.0.2.1'), makeReport('192.0.2.2', { client: 'web2', jail: 'nginx' })];
      await ledger.commit([reported(a), reported(b), withdrawn(a), { kind: 'paused', actor: 'operator' }], 1_000);
      await ledger.commit(
        [reported(a), { kind: 'reported', report: b, replaces: undefined, reason: 'prolonged' }],
        2_000,
      );
      const most = 9;
      assert.deepEqual(await ledger.counts({ by: 'network', most }), [
        { name: '192.0.2.1', count: 2 },
        { name: '192.0.2.2', count: 1 },
      ]);
      assert.deepEqual(await ledger.counts({ by: 'network', most: 1 }), [{ name: '192.0.2.1', count: 2 }]);
      assert.deepEqual(await ledger.counts({ by: 'client', most, until: 2_000 }), [
        { name: 'web1', count: 1 },
        { name: 'web2', count: 1 },
      ]);
      assert.deepEqual(await ledger.counts({ by: 'jail', most, since: 2_000 }), [{ name: 'sshd', count: 1 }]);
      const visibleTo = { client: 'nobody', follows: ['ngin*'] };
      assert.deepEqual(await ledger.counts({ by: 'jail', most, visibleTo }), [{ name: 'nginx', count: 1 }]);
    });

    it('says why a report is no new ban', async () => {
      const ledger = await make();
      const report = makeReport('192.0.2.1', { labels: { site: 'fra1' } });
      const listed = {
        kind: 'reported',
        report: makeReport('192.0.2.2'),
        replaces: undefined,
        reason: 'listed',
      } as const;
      await ledger.commit([reported(report), listed], 1_000);
      await ledger.commit([{ kind: 'reported', report, replaces: report, reason: 'prolonged' }], 2_000);
      const told = (await ledger.history({ most: 9 })).map(({ network: each, reason, labels }) => [
        each,
        reason,
        labels,
      ]);
      const labels = { site: 'fra1' };
      assert.deepEqual(told, [
        ['192.0.2.1', 'prolonged', labels],
        ['192.0.2.2', 'listed', undefined],
        ['192.0.2.1', undefined, labels],
      ]);
    });

    it('gives a follower the reports and withdrawals after a number, oldest first', async () => {
      const ledger = await make();
      await ledger.commit(changes, 1_000);
      assert.deepEqual(sequences(await ledger.changesAfter(0, 100)), [2, 3, 4]);
      assert.deepEqual(sequences(await ledger.changesAfter(2, 100)), [3, 4]);
      assert.deepEqual(sequences(await ledger.changesAfter(0, 2)), [2, 3]);
      assert.deepEqual(await ledger.changesAfter(9, 100), []);
    });

    it('is cut to the newest, but for what stands', async () => {
      const ledger = await make();
      const reports = [1, 2, 3, 4].map((last) => makeReport(`192.0.2.${last}`));
      await ledger.commit(reports.map(reported), 1_000);
      await ledger.commit(reports.slice(1).map(withdrawn), 1_000);
      assert.equal(await ledger.prune(0, 2), 4);
      assert.deepEqual(sequences(await ledger.history({ most: 100 })), [7, 6, 1]);
    });

    it('is kept in fair shares: the client that holds most gives way first, the operator and the server last', async () => {
      const ledger = await make();
      const actors = ['operator', 'web2', 'server'];
      const ends = (client: string, jail: string, count: number): Change[] =>
        Array.from({ length: count }, (_, at) => makeReport(`192.0.2.${at}`, { client, jail })).flatMap(
          (report, at) => [reported(report), { ...withdrawn(report), actor: actors[at % 3] ?? client }],
        );
      await ledger.commit(
        [...ends('web1', 'sshd', 10), ...ends('operator', 'manual', 2), ...ends('web2', 'sshd', 60)],
        1_000,
      );
      await ledger.commit(
        [...ends('web3', 'sshd', 2), { kind: 'paused', actor: 'web2' }, { kind: 'resumed', actor: 'operator' }],
        1_000,
      );
      const left = async (): Promise<Record<string, number>> => {
        const entries = await ledger.history({ most: 1_000 });
        const holders = entries.map(
          ({ kind, client, actor }) => (kind === 'withdrawn' || kind === 'reported' ? client : actor) ?? '',
        );
        return Object.fromEntries(
          ['operator', 'web1', 'web2', 'web3'].map((name) => [
            name,
            holders.filter((holder) => holder === name).length,
          ]),
        );
      };
      assert.deepEqual(await left(), { operator: 5, web1: 20, web2: 121, web3: 4 });
      await ledger.prune(0, 100);
      assert.deepEqual(await left(), { operator: 5, web1: 20, web2: 71, web3: 4 });
      await ledger.prune(0, 30);
      assert.deepEqual(await left(), { operator: 5, web1: 11, web2: 10, web3: 4 });
      await ledger.prune(0, 7);
      assert.deepEqual(await left(), { operator: 5, web1: 1, web2: 1, web3: 0 });
      await ledger.prune(0, 3);
      assert.deepEqual(await left(), { operator: 3, web1: 0, web2: 0, web3: 0 });
    });

    it('is pruned before an instant, but for what stands', async () => {
      const ledger = await make();
      await ledger.commit(changes.slice(0, 3), 1_000);
      await ledger.commit(changes.slice(3, 5), 2_000);
      assert.equal(await ledger.prune(2_000, 100), 2);
      assert.equal(await ledger.prune(2_000, 100), 0);
      assert.deepEqual(sequences(await ledger.history({ most: 100 })), [5, 4, 3]);
      assert.equal((await ledger.load()).reports.length, 1);
    });
  });

  it(`${name}: equals the plain model after any changes`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyChange, { maxLength: 40 }), { maxLength: 6 }),
        fc.nat(30),
        async (commits, most) => {
          const ledger = new CompletingLedger(await open());
          const model = new CompletingLedger(new MemoryLedger());
          try {
            for (const [at, changes] of commits.entries()) {
              assert.equal(await ledger.commit(changes, at), await model.commit(changes, at));
            }
            assert.deepEqual(sorted(await ledger.load()), sorted(await model.load()));
            assert.deepEqual(await ledger.history({ most: 1_000 }), await model.history({ most: 1_000 }));
            const half = Math.floor(commits.length / 2);
            assert.equal(await ledger.prune(half, most), await model.prune(half, most));
            assert.deepEqual(await ledger.history({ most: 1_000 }), await model.history({ most: 1_000 }));
            assert.deepEqual(sorted(await ledger.load()), sorted(await model.load()));
          } finally {
            await ledger.close();
          }
          if (reopen === undefined) return;
          const again = await reopen();
          try {
            assert.deepEqual(sorted(await again.load()), sorted(await model.load()));
          } finally {
            await again.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
}

/** Names in each change the report that stood before, as whoever hands changes over must. */
class CompletingLedger implements Ledger {
  readonly #ledger: Ledger;
  #standing: ReadonlyMap<string, Report> = new Map();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async commit(changes: readonly Change[], at: number): Promise<number> {
    const after = new Map(this.#standing);
    const completed = changes.flatMap((change) => complete(change, after));
    const first = await this.#ledger.commit(completed, at);
    const sequenceOf = new Map<Report, number>();
    const numbered = completed.filter(isNumbered);
    for (const [index, change] of numbered.entries())
      if ('report' in change) sequenceOf.set(change.report, first + index);
    this.#standing = new Map(
      Array.from(after, ([key, report]) => [
        key,
        { ...report, sequence: report.sequence ?? sequenceOf.get(report) ?? 0 },
      ]),
    );
    return first;
  }

  load = () => this.#ledger.load();
  history = (filter: HistoryFilter) => this.#ledger.history(filter);
  counts = (filter: CountFilter) => this.#ledger.counts(filter);
  traces = (networks: readonly Network[]) => this.#ledger.traces(networks);
  changesAfter = (sequence: number, most: number) => this.#ledger.changesAfter(sequence, most);
  prune = (before: number, most: number) => this.#ledger.prune(before, most);
  acceptLosses = () => this.#ledger.acceptLosses();
  close = () => this.#ledger.close();
}

/** Nothing for the end of a report that does not stand. */
function complete(change: Change, standing: Map<string, Report>): Change[] {
  if (!('report' in change)) return [change];
  const key = keyOf(change.report);
  const before = standing.get(key);
  if (change.kind === 'withdrawn') standing.delete(key);
  else if (change.kind === 'reported' || before !== undefined) standing.set(key, change.report);
  if (change.kind === 'reported') return [{ ...change, replaces: before }];
  if (before === undefined) return [];
  return [change.kind === 'lifted' ? { ...change, replaces: before } : { ...change, report: before }];
}

function keyOf({ network: of, client, jail }: Report): string {
  return `${of} ${client} ${jail}`;
}

function reported(report: ReturnType<typeof makeReport>): Change {
  return { kind: 'reported', report, replaces: undefined };
}

function withdrawn(report: ReturnType<typeof makeReport>): Change {
  return { kind: 'withdrawn', report, reason: 'unban', actor: report.client };
}

function lifted(report: ReturnType<typeof makeReport>): Change {
  const marked = { ...report, isLifted: true, sequence: undefined };
  return { kind: 'lifted', report: marked, replaces: report, reason: 'lifted', actor: 'operator' };
}

function allowed(entry: ReturnType<typeof makeEntry>): Change {
  return { kind: 'allowed', entry, actor: 'operator' };
}

function enrolled(client: ReturnType<typeof makeClient>): Change {
  return { kind: 'enrolled', client, actor: 'operator' };
}

function advanced(client: string, stream: string, number: number, isNew: boolean): Change {
  return { kind: 'advanced', client, stream, number, isNew };
}

function sequences(entries: readonly HistoryEntry[]): number[] {
  return entries.map(({ sequence }) => sequence);
}

function byName(clients: LedgerState['clients']) {
  const keysById = (keys: LedgerState['clients'][number]['keys']) => [...keys].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [...clients]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((client) => ({ ...client, keys: keysById(client.keys) }));
}

/** Only reports and the streams of one client have an order. */
function sorted(state: LedgerState) {
  return {
    ...state,
    id: '',
    marks: state.marks.slice(1),
    clients: byName(state.clients),
    whitelist: [...state.whitelist].sort((a, b) => (a.network < b.network ? -1 : 1)),
    whitelistNames: [...state.whitelistNames].sort((a, b) => (a.name < b.name ? -1 : 1)),
    protectedSets: state.protectedSets
      .map(({ source, networks }) => ({ source, networks: [...networks].sort() }))
      .sort((a, b) => (a.source < b.source ? -1 : 1)),
    hostAddresses: [...state.hostAddresses]
      .map(([client, known]) => ({ client, known: [...known].sort((a, b) => (a.address < b.address ? -1 : 1)) }))
      .sort((a, b) => (a.client < b.client ? -1 : 1)),
  };
}

const anyEnd = fc.oneof(fc.integer({ min: 1, max: 2 ** 48 }), fc.constant(Number.POSITIVE_INFINITY));

const anyName = fc.constantFrom('home.example.org', 'backup.example.org').map(dnsName);

const anyReport = fc
  .record({
    text: fc.constantFrom('192.0.2.1', '192.0.2.0/24', '2001:db8::1', '2001:db8::/64'),
    client: fc.constantFrom('web1', 'web2'),
    jail: fc.constantFrom('sshd', 'nginx'),
    source: fc.constantFrom('jail', 'hand'),
    labels: fc.constantFrom(undefined, { site: 'fra1' }, { rack: '7', site: 'fra1 a' }),
    isEvenHost: fc.boolean(),
    reportedAt: fc.nat(2 ** 31),
    endsAt: anyEnd,
  })
  .map(({ text, isEvenHost, ...rest }) =>
    makeReport(text, isEvenHost ? { ...rest, source: 'hand', evenHost: true } : rest),
  );

const anyAddress = fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1').map(network);
const anyHostAddress = fc
  .tuple(anyAddress, fc.constantFrom('key-0001', 'key-0002'), fc.nat(2 ** 31))
  .map(([address, keyId, seenAt]) => ({ address, keyId, seenAt }));

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: anyReport.map(reported), weight: 4 },
  { arbitrary: anyReport.map(withdrawn), weight: 2 },
  { arbitrary: anyReport.map(lifted), weight: 1 },
  fc.record({ note: fc.string(), endsAt: anyEnd }).map((rest) => allowed(makeEntry('192.0.2.7', rest))),
  fc.constant<Change>({ kind: 'disallowed', network: network('192.0.2.7'), actor: 'server', reason: 'expired' }),
  fc.constantFrom('web1', 'web2').map((name) => enrolled(makeClient({ name }))),
  fc.constantFrom('web1', 'web2').map((client): Change => ({ kind: 'revoked', client, actor: 'operator' })),
  fc
    .record({ source: fc.constantFrom('a', 'b/c'), networks: fc.uniqueArray(anyAddress) })
    .map((read): Change => ({ kind: 'source-read', ...read })),
  fc
    .record({
      client: fc.constantFrom('web1', 'web2'),
      addresses: fc.uniqueArray(anyHostAddress, { selector: ({ address }) => address }),
    })
    .map((known): Change => ({ kind: 'host-addresses', ...known })),
  fc.constant<Change>({ kind: 'mark-adopted', id: 'k3x9' }),
  fc
    .record({ name: anyName, addedAt: fc.constant(7), endsAt: anyEnd, note: fc.constantFrom('', 'backup') })
    .map((entry): Change => ({ kind: 'name-allowed', entry: { ...entry } })),
  anyName.map((name): Change => ({ kind: 'name-disallowed', name })),
  fc.nat().map((number): Change => ({ kind: 'decided', number })),
  fc.constantFrom('paused', 'resumed').map((kind): Change => ({ kind, actor: 'operator' })),
);
