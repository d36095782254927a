import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Core } from '../../../server/core.ts';
import { DryRun } from '../../../server/enforcers/dry-run/dry-run.ts';
import type { Client } from '../../../server/ledger/ledger.ts';
import { lackedMs, offerPauseMs } from '../../../server/protection/host-offers.ts';
import { limits } from '../../../shared/limits.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { FailingLedger } from '../failing-ledger.ts';
import { makeClient, makeEvent, network } from '../samples.ts';
import { coreSettings, openCore } from '../whole-core.ts';

const banning = makeClient({ name: 'web2' });
const offered = '198.51.100.0/24';

/** A server with a firewall, the hosts web1 and web2, and what web1 offers. */
class Rig {
  readonly clock = new ManualClock();
  readonly ledger = new FailingLedger();
  readonly #firewall = new DryRun();
  #core: Core | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  get core(): Core {
    return this.#core ?? assert.fail('not started');
  }

  get blocked(): string[] {
    return [...this.#firewall.entries.keys()].sort();
  }

  async start(): Promise<void> {
    const caps = { maxEntries: 1_000, merge: false, resyncSeconds: 300 };
    const firewalls = [{ enforcer: this.#firewall, limits: caps, protectedSources: [] }];
    this.#core = await openCore(this.ledger, this.clock, [], { firewalls });
    this.#stop = new AbortController();
    this.#running = this.core.enforcement.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    await this.core.record.drain();
    this.#stop.abort();
    await this.#running;
  }

  async enroll(client: Client): Promise<void> {
    await this.core.record.write((draft) => draft.add({ kind: 'enrolled', client, actor: 'operator' }));
  }

  /** As after SIGHUP. */
  trust(isIgnoreipTrusted: boolean, allowPrivate = false): void {
    const settings = coreSettings();
    const protection = { ...settings.protection, isIgnoreipTrusted };
    this.core.configure({ ...settings, protection, policy: { ...settings.policy, allowPrivate } });
  }

  /** An offer, so much later that the pause between two is over, and taken in. */
  async offer(texts: readonly string[], client = 'web1', afterMs = offerPauseMs): Promise<void> {
    this.clock.advance(afterMs);
    this.core.protection.offers.note(client, texts.map(network));
    await this.second();
  }

  /** What the server does each second. */
  async second(): Promise<void> {
    await this.core.sweep();
    await this.core.record.drain();
  }

  /** Bans by web2. @returns what became of each */
  async ban(...texts: string[]): Promise<string[]> {
    const events = texts.map((text, at) => makeEvent(at + 1, text));
    const results = await this.core.intake.takeEach(banning, events);
    return results.map((result) =>
      result.outcome === 'refused' ? `${result.code}: ${result.detail}` : result.outcome,
    );
  }

  async blocks(...expected: string[]): Promise<void> {
    await until(() => this.blocked.join() === [...expected].sort().join(), `${expected.join()} are blocked`);
  }

  /** What is protected because web1 and others offer it. */
  get protects(): string[] {
    const all = this.core.protectedAddresses.list().filter(({ reason }) => reason.startsWith('ignoreip of host '));
    return all.map((each) => each.network).sort();
  }

  async kept(): Promise<string[]> {
    return (await this.ledger.load()).protectedSets.map(({ source, networks }) => [source, ...networks].join(' '));
  }
}

async function rig(work: (it: Rig) => Promise<void>): Promise<void> {
  const made = new Rig();
  await made.start();
  try {
    for (const client of [makeClient(), banning]) await made.enroll(client);
    await work(made);
  } finally {
    await made.stop();
  }
}

describe('what a host offers by ignoreip', () => {
  it('is kept and shown, and protects nothing, unless the operator trusts it', () =>
    rig(async (made) => {
      await made.offer([offered]);
      assert.deepEqual(made.core.protection.offers.of('web1'), {
        networks: [offered],
        leftOut: [],
        isProtected: false,
      });
      assert.deepEqual(await made.kept(), [`host/web1/ignoreip ${offered}`]);
      assert.deepEqual(await made.ban('198.51.100.7'), ['recorded']);
      await made.blocks('198.51.100.7');
    }));

  it('has bans held back from the moment the operator trusts it until he does not', () =>
    rig(async (made) => {
      await made.offer([offered, '2001:db8:1::7']);
      const bans = ['198.51.100.7', '198.51.100.128/25', '64:ff9b::198.51.100.8', '2001:db8:1::/64', '203.0.113.7'];
      assert.deepEqual(await made.ban(...bans), Array(bans.length).fill('recorded'));
      await made.blocks(...bans.map(network));
      made.trust(true);
      await made.blocks('203.0.113.7');
      const { code, detail } = made.core.protection.held.get(network('198.51.100.7')) ?? {};
      assert.deepEqual([code, detail], ['protected', `198.51.100.7 overlaps ${offered}, ignoreip of host web1`]);
      assert.deepEqual(await made.ban('198.51.100.9'), [
        `protected: 198.51.100.9 overlaps ${offered}, ignoreip of host web1`,
      ]);
      made.trust(false);
      await made.blocks(...bans.map(network));
      assert.deepEqual(await made.ban('198.51.100.9'), ['recorded']);
    }));

  it('holds after a restart before the host has come', () =>
    rig(async (made) => {
      await made.offer([offered]);
      await made.stop();
      await made.start();
      made.trust(true);
      assert.match((await made.ban('198.51.100.7')).join(), /^protected/);
    }));

  it('ends with the revocation, also for whoever is enrolled by that name later', () =>
    rig(async (made) => {
      made.trust(true);
      await made.ban('198.51.100.7');
      await made.offer([offered]);
      await made.blocks();
      await made.core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
      await made.blocks('198.51.100.7');
      await made.enroll(makeClient());
      await made.second();
      assert.deepEqual([made.protects, await made.kept()], [[], []]);
    }));

  it('counts while the client may ban', () =>
    rig(async (made) => {
      made.trust(true);
      await made.offer([offered]);
      await made.enroll(makeClient({ may: ['subscribe'] }));
      assert.deepEqual(made.protects, []);
      await made.enroll(makeClient());
      assert.deepEqual(made.protects, [offered]);
    }));

  it('of two hosts stands until both offer it no more', () =>
    rig(async (made) => {
      made.trust(true);
      for (const client of ['web1', 'web2']) await made.offer([offered], client);
      for (const client of ['web1', 'web2']) {
        assert.deepEqual(made.protects, [offered]);
        await made.core.record.write((draft) => draft.add({ kind: 'revoked', client, actor: 'operator' }));
      }
      assert.deepEqual(made.protects, []);
    }));

  it('stays through a fail2ban that starts, and goes with the second offer that lacks it, minutes later', () =>
    rig(async (made) => {
      made.trust(true);
      await made.offer([offered, '203.0.113.7']);
      await made.offer(['203.0.113.7']);
      await made.offer([offered, '203.0.113.7'], 'web1', lackedMs);
      await made.offer(['203.0.113.7']);
      await made.offer(['203.0.113.7'], 'web1', lackedMs - 1);
      assert.deepEqual(made.protects, [offered, '203.0.113.7']);
      await made.offer(['203.0.113.7']);
      assert.deepEqual(made.protects, ['203.0.113.7']);
      assert.deepEqual(await made.kept(), ['host/web1/ignoreip 203.0.113.7']);
    }));

  const kinds: readonly (readonly [text: string, code: string | undefined, withPrivate: string | undefined])[] = [
    ['127.0.0.0/8', 'special-purpose', 'special-purpose'],
    ['::1', 'special-purpose', 'special-purpose'],
    ['fe80::/10', 'special-purpose', 'special-purpose'],
    ['10.0.0.0/8', 'private', 'too-wide'],
    ['192.168.7.0/24', 'private', undefined],
    ['64:ff9b::192.168.7.1', 'private', undefined],
    ['fd00:7::/64', 'private', undefined],
    ['0.0.0.0/0', 'special-purpose', 'special-purpose'],
    ['203.0.0.0/15', 'too-wide', 'too-wide'],
    ['2001:db8::/31', 'too-wide', 'too-wide'],
    ['203.0.0.0/16', undefined, undefined],
    ['2001:db8::/32', undefined, undefined],
    ['203.0.113.7', undefined, undefined],
  ];
  for (const [text, code, withPrivate] of kinds) {
    it(`is ${code === undefined ? 'taken' : `left out as ${code}`}: ${text}`, () =>
      rig(async (made) => {
        await made.offer([text]);
        for (const [allowPrivate, expected] of [[false, code] as const, [true, withPrivate] as const]) {
          made.trust(true, allowPrivate);
          const { networks, leftOut } = made.core.protection.offers.of('web1');
          assert.deepEqual(
            [leftOut.map((each) => each.code).join(), networks.length],
            [expected ?? '', expected ? 0 : 1],
          );
          assert.deepEqual(made.protects, networks);
        }
      }));
  }

  it('is taken at most once a minute of each host, the newest', () =>
    rig(async (made) => {
      made.trust(true);
      await made.offer(['203.0.113.1']);
      for (const last of [2, 3]) await made.offer([`203.0.113.${last}`], 'web1', 1_000);
      assert.deepEqual(made.protects, ['203.0.113.1']);
      await made.offer(['203.0.113.4'], 'web2', 0);
      assert.deepEqual(made.protects, ['203.0.113.1', '203.0.113.4']);
      made.clock.advance(offerPauseMs);
      await made.second();
      assert.deepEqual(made.protects, ['203.0.113.1', '203.0.113.3', '203.0.113.4']);
    }));

  it('protects while the ledger cannot be written, and is written when it can', () =>
    rig(async (made) => {
      made.trust(true);
      made.ledger.isFull = true;
      await made.offer([offered]);
      assert.deepEqual([made.protects, await made.kept()], [[offered], []]);
      made.ledger.isFull = false;
      await until(async () => {
        made.clock.advance(1_000);
        await made.second();
        return (await made.kept()).length === 1;
      }, 'it is written');
    }));

  it('has every network of the last offer, none that is long gone, and never more than one offer may have', () => {
    const texts = Array.from({ length: 8 }, (_, at) => `203.0.113.${at}`);
    const bulk = Array.from({ length: limits.ignoreipMax }, (_, at) => `198.51.100.${at}`);
    const offer = fc.oneof(fc.subarray(texts), fc.constant(bulk));
    const gap = fc.integer({ min: offerPauseMs, max: lackedMs + offerPauseMs });
    return fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(offer, gap), { maxLength: 12 }), (steps) =>
        rig(async (made) => {
          made.trust(true);
          for (const [named, afterMs] of steps) {
            await made.offer(named, 'web1', afterMs);
            const { protects } = made;
            assert.ok(named.every((each) => protects.includes(network(each))));
            assert.ok(protects.length <= limits.ignoreipMax);
            assert.deepEqual([...made.core.protection.offers.of('web1').networks], protects);
          }
          for (let round = 0; round < 2; round += 1) await made.offer([], 'web1', lackedMs);
          assert.deepEqual(made.protects, []);
        }),
      ),
      { numRuns: 40 },
    );
  });
});
