import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../../../server/ledger/ledger.ts';
import { ownClient } from '../../../../server/own-clients.ts';
import { chooseClaims } from '../../../../server/sources/crowdsec/choose-claims.ts';
import { otherJail, ownJailsMax, planEvents } from '../../../../server/sources/crowdsec/plan-events.ts';
import type { Decision } from '../../../../server/sources/crowdsec/read-decisions.ts';
import { jailPattern } from '../../../../shared/names.ts';
import { Core } from '../../core.ts';
import { network } from '../../samples.ts';
import { decision } from './samples.ts';

const client = ownClient('crowdsec/main');

/** What one client reports, and what CrowdSec says now. */
class Bench {
  readonly core: Core;
  mayClaim = true;

  private constructor(core: Core) {
    this.core = core;
  }

  static async make(): Promise<Bench> {
    return new Bench(await Core.make());
  }

  /** Plans, carries it out, and returns the events as `verb network jail`. */
  async follow(...decisions: readonly Decision[]): Promise<string[]> {
    const { core } = this;
    const planned = planEvents(chooseClaims(decisions, 1_000).claims, this.reports, {
      now: core.clock.now(),
      mayClaim: () => this.mayClaim,
    });
    for (const events of planned) await core.intake.takeEach(client, events);
    return planned.flat().map(({ verb, network: which, jail }) => `${verb} ${which} ${jail}`);
  }

  get reports(): readonly Report[] {
    return this.core.standing.ofClient(client.name);
  }

  /** As the operator's unban. */
  async lift(text: string): Promise<void> {
    await this.core.record.write((draft) => {
      draft.lift(network(text), 'lifted', 'operator');
    });
  }
}

const ssh = 'crowdsecurity-ssh-bf';

describe('the reports of CrowdSec', () => {
  it('follow its decisions, with their time, and with labels that say where they come from', async () => {
    const bench = await Bench.make();
    assert.deepEqual(await bench.follow(decision(4, '203.0.113.7', { remainingMs: 59_001 })), [
      `ban 203.0.113.7 ${ssh}`,
    ]);
    const [report] = bench.reports;
    assert.equal(report?.endsAt, bench.core.clock.now() + 60_000);
    assert.deepEqual(report?.labels, { decision: '4', origin: 'cscli', scenario: 'crowdsecurity/ssh-bf' });
    assert.deepEqual(await bench.follow(), [`unban 203.0.113.7 ${ssh}`]);
    assert.deepEqual(bench.reports, []);
  });

  it('stay as they are while nothing changes but the time', async () => {
    const bench = await Bench.make();
    await bench.follow(decision(4, '203.0.113.7'));
    bench.core.clock.advance(600_000);
    assert.deepEqual(await bench.follow(decision(4, '203.0.113.7', { remainingMs: 3_000_000 - 1_500 })), []);
  });

  it('are prolonged and shortened', async () => {
    const bench = await Bench.make();
    await bench.follow(decision(4, '203.0.113.7'));
    for (const [id, remainingMs] of [
      [4, 7_200_000],
      [4, 600_000],
      [5, 600_000],
    ] as const) {
      assert.deepEqual(await bench.follow(decision(id, '203.0.113.7', { remainingMs })), [`ban 203.0.113.7 ${ssh}`]);
      const [report] = bench.reports;
      assert.equal(report?.endsAt, bench.core.clock.now() + remainingMs);
    }
  });

  it('change their jail with the longest decision, in one step', async () => {
    const bench = await Bench.make();
    const short = decision(1, '203.0.113.7', { scenario: 'short' });
    const long = decision(2, '203.0.113.7', { scenario: 'long', remainingMs: 7_200_000 });
    await bench.follow(short);
    assert.deepEqual(await bench.follow(short, long), ['unban 203.0.113.7 short', 'ban 203.0.113.7 long']);
    assert.deepEqual(await bench.follow(short), ['unban 203.0.113.7 long', 'ban 203.0.113.7 short']);
    assert.equal(bench.reports.length, 1);
  });

  it('that an operator lifted stay lifted, until there is a newer decision', async () => {
    const bench = await Bench.make();
    const older = decision(1, '203.0.113.7', { scenario: 'older' });
    const newer = decision(2, '203.0.113.7', { scenario: 'newer' });
    await bench.follow(older, newer);
    await bench.lift('203.0.113.7');
    assert.deepEqual(await bench.follow(older, newer), []);
    // What is left now was there when it was lifted.
    assert.deepEqual(await bench.follow(older), []);
    assert.equal(bench.core.standing.get(network('203.0.113.7')), undefined);
    const anew = decision(3, '203.0.113.7', { scenario: 'newer' });
    assert.deepEqual(await bench.follow(older, anew), ['ban 203.0.113.7 newer']);
    await bench.lift('203.0.113.7');
    const other = decision(4, '203.0.113.7', { scenario: 'other' });
    assert.deepEqual(await bench.follow(other), ['unban 203.0.113.7 newer', 'ban 203.0.113.7 other']);
    assert.equal(bench.reports.length, 1);
  });

  it('that an operator lifted are forgotten with the decision', async () => {
    const bench = await Bench.make();
    await bench.follow(decision(7, '203.0.113.7'));
    await bench.lift('203.0.113.7');
    assert.deepEqual(await bench.follow(), [`unban 203.0.113.7 ${ssh}`]);
    // A CrowdSec with a new database counts from the beginning.
    assert.deepEqual(await bench.follow(decision(1, '203.0.113.7')), [`ban 203.0.113.7 ${ssh}`]);
  });

  it('that have ended are left to the sweep', async () => {
    const bench = await Bench.make();
    await bench.follow(decision(1, '203.0.113.7', { remainingMs: 5_000 }));
    bench.core.clock.advance(5_000);
    assert.deepEqual(await bench.follow(), []);
  });

  it('keep what they have while a claim rests', async () => {
    const bench = await Bench.make();
    await bench.follow(decision(1, '203.0.113.7'));
    bench.mayClaim = false;
    assert.deepEqual(await bench.follow(decision(2, '203.0.113.7', { scenario: 'x' }), decision(3, '203.0.113.8')), []);
    assert.deepEqual(await bench.follow(decision(3, '203.0.113.8')), [`unban 203.0.113.7 ${ssh}`]);
  });

  it('are made from the oldest decision to the newest, which firewalls then take first', async () => {
    const bench = await Bench.make();
    const events = await bench.follow(
      decision(3, '203.0.113.3'),
      decision(1, '203.0.113.1'),
      decision(2, '203.0.113.2'),
    );
    assert.deepEqual(
      events,
      ['1', '2', '3'].map((last) => `ban 203.0.113.${last} ${ssh}`),
    );
  });

  for (const [scenario, jail] of [
    ['crowdsecurity/ssh-bf', 'crowdsecurity-ssh-bf'],
    ["manual 'ban' from 'host1'", 'manual-ban-from-host1'],
    ['-leading.', 'leading.'],
    ['x'.repeat(200), 'x'.repeat(64)],
    ['…', otherJail],
    ['', otherJail],
    ['a\u0000b\nc', 'a-b-c'],
  ] as const) {
    it(`of the scenario ${JSON.stringify(scenario).slice(0, 40)} are of the jail ${jail.slice(0, 30)}`, async () => {
      const bench = await Bench.make();
      assert.match(jail, jailPattern);
      assert.deepEqual(await bench.follow(decision(1, '203.0.113.7', { scenario })), [`ban 203.0.113.7 ${jail}`]);
      assert.deepEqual(await bench.follow(decision(1, '203.0.113.7', { scenario })), []);
    });
  }

  it('share a jail when there are more scenarios than a client may have jails', async () => {
    const bench = await Bench.make();
    const address = (at: number): string => `2001:db8::${(at + 1).toString(16)}`;
    // The core of this test lets a client have 100 reports.
    const decisions = Array.from({ length: 90 }, (_, at) => decision(at, address(at), { scenario: `text ${at}` }));
    const reports = Array.from({ length: ownJailsMax - 45 }, (_, at): Report => {
      const end = { endsAt: Number.POSITIVE_INFINITY, reportedAt: 0, isLifted: true, source: 'jail' } as const;
      return { network: network(address(1_000 + at)), client: client.name, jail: `old-${at}`, ...end };
    });
    const options = { now: bench.core.clock.now(), mayClaim: () => true };
    const planned = planEvents(chooseClaims(decisions, 1_000).claims, reports, options).flat();
    const jails = planned.filter(({ verb }) => verb === 'ban').map(({ jail }) => jail);
    assert.equal(jails.filter((jail) => jail === otherJail).length, 45);
    assert.equal(new Set(jails).size, 46);
  });
});
