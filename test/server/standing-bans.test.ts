import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change, LedgerState, Report } from '../../server/ledger/ledger.ts';
import { MemoryLedger } from '../../server/ledger/memory-ledger.ts';
import { hasSameKey, StandingBans } from '../../server/standing-bans.ts';
import { makeReport, network } from './samples.ts';

const empty: LedgerState = {
  id: 'test',
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
  marks: ['mem1'],
  paused: false,
};

const reported = (report: Report): Change => ({ kind: 'reported', report, replaces: undefined });
const withdrawn = (report: Report): Change => ({ kind: 'withdrawn', report, reason: 'unban', actor: 'web1' });

const lifted = (report: Report): Change => {
  const marked = { ...report, isLifted: true, sequence: undefined };
  return { kind: 'lifted', report: marked, replaces: report, reason: 'lifted', actor: 'operator' };
};

describe('standing bans', () => {
  it('end with their last report, and permanent ones never', () => {
    const standing = new StandingBans(empty, () => undefined);
    const reports = [
      makeReport('203.0.113.1', { endsAt: 5_000 }),
      makeReport('203.0.113.1', { client: 'web2', endsAt: 9_000 }),
    ];
    standing.apply(reports.map(reported), 1);
    const ban = standing.get(network('203.0.113.1'));
    assert.equal(ban?.endsAt, 9_000);
    standing.apply([reported(makeReport('203.0.113.1', { jail: 'nginx' }))], 3);
    const permanent = standing.get(network('203.0.113.1'));
    assert.equal(permanent?.endsAt, Number.POSITIVE_INFINITY);
  });

  it('know whether one of them is of more than one address', () => {
    const standing = new StandingBans(empty, () => undefined);
    const found: boolean[] = [];
    const steps = [reported, withdrawn].flatMap((change) =>
      ['203.0.113.7', '2001:db8::7', '203.0.113.0/24', '2001:db8::/64'].map((text) => change(makeReport(text))),
    );
    for (const [index, change] of steps.entries()) {
      standing.apply([change], index + 1);
      found.push(standing.hasCidrs);
    }
    assert.deepEqual(found, [false, false, true, true, true, true, true, false]);
  });

  it('cover a network with its own ban and wider ones, of its family only', () => {
    const standing = new StandingBans(empty, () => undefined);
    const texts = ['203.0.113.7', '203.0.113.0/24', '203.0.112.0/20', '203.0.114.0/24', '2001:db8::/32', '2001:db8::7'];
    standing.apply(
      texts.map((text) => reported(makeReport(text))),
      1,
    );
    const coveringOf = (text: string): string[] =>
      standing
        .covering(network(text))
        .map((ban): string => ban.network)
        .sort();
    assert.deepEqual(coveringOf('203.0.113.7'), ['203.0.112.0/20', '203.0.113.0/24', '203.0.113.7']);
    assert.deepEqual(coveringOf('2001:db8::7'), ['2001:db8::/32', '2001:db8::7']);
    assert.deepEqual(coveringOf('203.0.113.0/25'), ['203.0.112.0/20', '203.0.113.0/24']);
    standing.apply([withdrawn(makeReport('203.0.113.0/24'))], 7);
    assert.deepEqual(coveringOf('203.0.113.9'), ['203.0.112.0/20']);
  });

  it('do not stand by reports that an operator lifted, which are kept all the same', () => {
    const standing = new StandingBans(empty, () => undefined);
    const [own, other] = [makeReport('203.0.113.1'), makeReport('203.0.113.1', { client: 'web2' })];
    standing.apply([reported(own), reported(other), lifted(own)], 1);
    assert.deepEqual(standing.get(network('203.0.113.1'))?.reports, [{ ...other, sequence: 2 }]);
    standing.apply([lifted(other)], 4);
    assert.deepEqual([standing.get(network('203.0.113.1')), standing.size, [...standing.values()]], [undefined, 0, []]);
    assert.deepEqual(standing.covering(network('203.0.113.1')), []);
    assert.equal(standing.reportsOf(network('203.0.113.1')).length, 2);
    standing.apply([reported(own)], 5);
    assert.deepEqual(standing.get(network('203.0.113.1'))?.reports, [{ ...own, sequence: 5 }]);
  });

  it('tell once of each batch that changed anything', () => {
    let told = 0;
    const standing = new StandingBans(empty, () => {
      told += 1;
    });
    standing.apply([reported(makeReport('203.0.113.1')), reported(makeReport('203.0.113.2'))], 1);
    standing.apply([{ kind: 'paused', actor: 'operator' }], 3);
    assert.deepEqual([told, standing.sequence], [1, 3]);
  });

  it('agree with a plain list of reports after any changes, now and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyChange, { maxLength: 10 }), { maxLength: 8 }),
        fc.nat(40),
        async (commits, second) => {
          const [ledger, standing] = [new MemoryLedger(), new StandingBans(empty, () => undefined)];
          let model: Report[] = [];
          for (const changes of commits) {
            standing.apply(changes, await ledger.commit(changes, 0));
            for (const change of changes) model = applyNaively(model, change);
          }
          const restarted = new StandingBans(await ledger.load(), () => undefined);
          for (const each of [standing, restarted]) assertAgrees(each, model, second * 500);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function applyNaively(model: readonly Report[], change: Change): Report[] {
  if (!('report' in change)) return [...model];
  const others = model.filter((report) => !hasSameKey(report, change.report));
  if (change.kind === 'withdrawn') return others;
  return [...others, change.report];
}

function assertAgrees(standing: StandingBans, model: readonly Report[], now: number): void {
  const all = [...standing.values()];
  const claims = model.filter(({ isLifted }) => !isLifted);
  assert.deepEqual(texts(all.flatMap(({ reports }) => reports)), texts(claims));
  assert.equal(standing.size, new Set(claims.map((report) => report.network)).size);
  assert.ok(all.every(({ reports }) => reports.length > 0));
  assert.deepEqual(texts(standing.due(now)), texts(model.filter(({ endsAt }) => endsAt <= now)));
  for (const client of ['web1', 'web2']) {
    const own = model.filter((report) => report.client === client);
    assert.deepEqual(texts(standing.ofClient(client)), texts(own));
    assert.equal(standing.countOfClient(client), own.length);
    assert.equal(standing.countJails(client), new Set(own.map(({ jail }) => jail)).size);
    assert.deepEqual(texts(standing.ofJail(client, 'sshd')), texts(own.filter(({ jail }) => jail === 'sshd')));
    assert.equal(standing.countOfClient(client, 'sshd'), own.filter(({ jail }) => jail === 'sshd').length);
  }
}

function texts(reports: readonly Report[]): string[] {
  return reports
    .map(({ network: of, client, jail, endsAt, isLifted }) => [of, client, jail, endsAt, isLifted].join(' '))
    .sort();
}

const anyReport = fc
  .record({
    text: fc.constantFrom('203.0.113.1', '203.0.113.0/24', '2001:db8::1'),
    client: fc.constantFrom('web1', 'web2'),
    jail: fc.constantFrom('sshd', 'nginx'),
    endsAt: fc.oneof(fc.nat(20_000), fc.constant(Number.POSITIVE_INFINITY)),
  })
  .map(({ text, ...rest }) => makeReport(text, rest));

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: anyReport.map(reported), weight: 3 },
  anyReport.map(withdrawn),
  anyReport.map(lifted),
  fc.constant<Change>({ kind: 'resumed', actor: 'operator' }),
);
