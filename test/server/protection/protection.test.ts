import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Core } from '../../../server/core.ts';
import { DryRun } from '../../../server/enforcers/dry-run/dry-run.ts';
import type { Network } from '../../../shared/network.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { FailingLedger } from '../failing-ledger.ts';
import { makeClient, makeEvent, network, sampleKey } from '../samples.ts';
import { openCore } from '../whole-core.ts';
import { ProtectionModel } from './protection-model.ts';

const dayMs = 86_400_000;
const rememberMs = 30 * dayMs;
const sourceNames = ['pve/nodes', 'pve/management'];
const reporter = makeClient({ name: 'reporter' });
const hosts = ['web1', 'web2'];
const addresses = ['203.0.113.1', '203.0.113.2', '203.0.113.3'].map(network);
const banned = [
  ...['203.0.113.1', '203.0.113.2', '203.0.113.4', '203.0.113.0/30', '198.51.100.7'],
  ...['64:ff9b::203.0.113.1', '2002:cb00:7102::/48'],
].map(network);
const sets = [[], ['203.0.113.4'], ['198.51.100.7', '203.0.113.0/31'], ['203.0.113.2']].map((set) => set.map(network));

/** A server that can be killed and started again, its firewall, and its sources. */
class Rig {
  readonly clock = new ManualClock();
  readonly model = new ProtectionModel(sourceNames, { rememberMs, now: this.clock.now() });
  readonly #ledger = new FailingLedger();
  readonly #firewall = new DryRun();
  readonly #answers = new Map<string, readonly Network[]>();
  #core: Core | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  get core(): Core {
    if (this.#core === undefined) throw new Error('not started');
    return this.#core;
  }

  get blocked(): Network[] {
    return [...this.#firewall.entries.keys()].sort();
  }

  async start(): Promise<void> {
    this.#core = await openCore(this.#ledger, this.clock, [], {
      protectedSources: sourceNames.map((name) => ({
        name,
        reason: `of ${name}`,
        read: () => {
          const answer = this.#answers.get(name);
          return answer === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(answer);
        },
      })),
      firewalls: [
        {
          enforcer: this.#firewall,
          limits: { maxEntries: 1_000, merge: false, resyncSeconds: 300 },
          protectedSources: [],
        },
      ],
    });
    this.#stop = new AbortController();
    this.#running = this.core.enforcement.run(this.#stop.signal);
    for (const name of [...hosts, reporter.name]) await this.enroll(name);
  }

  async kill(): Promise<void> {
    await this.core.record.drain();
    this.#stop.abort();
    await this.#running;
  }

  enroll(name: string): Promise<void> {
    if (this.core.clients.get(name) !== undefined) return Promise.resolve();
    return this.core.record.write((draft) =>
      draft.add({ kind: 'enrolled', client: makeClient({ name }), actor: 'operator' }),
    );
  }

  /** All sources but this one fail; without a set it fails too. */
  async read(name: string, set: readonly Network[] | undefined): Promise<void> {
    this.#answers.clear();
    if (set !== undefined) this.#answers.set(name, set);
    await this.core.protectAll(new AbortController().signal);
  }

  /** Every source answers that there is nothing. */
  async readAll(): Promise<void> {
    for (const name of sourceNames) {
      await this.read(name, []);
      this.model.sources.set(name, []);
    }
  }

  /** @returns whether it was recorded */
  async ban(which: Network, evenHost: boolean): Promise<boolean> {
    const event = { ...makeEvent(0, which, { source: 'hand' }), evenHost };
    const [result] = await this.core.intake.takeEach(reporter, [event]);
    return result?.outcome === 'recorded';
  }

  async unban(which: Network): Promise<void> {
    await this.core.intake.takeEach(reporter, [makeEvent(0, which, { verb: 'unban' })]);
  }

  /** Everything that follows by itself has followed. */
  async settle(): Promise<void> {
    // A host that becomes known holds back a ban, which may make another known.
    for (let round = 0; round < 4; round += 1) await this.core.sweep();
    await this.core.record.drain();
    const expected = [...this.model.settle()].sort();
    await until(() => this.blocked.join() === expected.join(), `${this.blocked.join(' ')} is ${expected.join(' ')}`);
    await until(
      () => this.core.enforcement.reconcilers.every(({ state }) => state.kind === 'in-sync'),
      'all is in sync',
    );
    await until(() => this.#unexplained.length === 0, `${this.#unexplained.join(' ')} says why it is not in force`);
  }

  /** What is not in force and does not say why. */
  get #unexplained(): Network[] {
    const { protection, enforcement, standing } = this.core;
    const isBlocked = (each: Network) => standing.covering(each).some((ban) => this.#firewall.entries.has(ban.network));
    const bans = [...standing.values()].map((ban) => ban.network).filter((each) => !isBlocked(each));
    return bans.filter((each) => {
      return enforcement.of(each)[0]?.state !== 'held-back' || protection.whyHeld(each) === undefined;
    });
  }
}

interface Step {
  readonly name: string;
  readonly take: (rig: Rig) => Promise<void>;
}

const step = (name: string, take: Step['take']): Step => ({ name, take });
const anyHost = fc.constantFrom(...hosts);
const anyAddress = fc.constantFrom(...addresses);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(anyHost, anyAddress).map(([client, address]) =>
      step(`${client} comes from ${address}`, async ({ core, clock, model }) => {
        await core.record.drain();
        core.protection.hostCame({ client, address, keyId: sampleKey.id, now: clock.now() });
        model.connect(client, address);
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(anyHost, anyAddress).map(([client, address]) =>
      step(`${client} leaves ${address}`, ({ core, clock, model }) => {
        core.protection.hosts.left({ client, address, now: clock.now() });
        model.leave(client, address);
        return Promise.resolve();
      }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constantFrom(...banned), fc.boolean()).map(([which, evenHost]) =>
      step(`${which} is banned${evenHost ? ', even a host' : ''}`, async (rig) => {
        const isRecorded = await rig.ban(which, evenHost);
        assert.equal(isRecorded, !rig.model.isProtected(which), 'what is protected is refused');
        if (isRecorded) rig.model.bans.set(which, { evenHost });
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...banned).map((which) =>
      step(`${which} is unbanned`, async (rig) => {
        await rig.unban(which);
        rig.model.bans.delete(which);
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...sourceNames), fc.option(fc.constantFrom(...sets), { nil: undefined }))
      .map(([name, set]) =>
        step(`${name} ${set === undefined ? 'fails' : `says ${set.join(' ')}`}`, async (rig) => {
          await rig.read(name, set);
          if (set !== undefined) rig.model.sources.set(name, set);
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: anyHost.map((name) =>
      step(`${name} is revoked, and enrolled again`, async (rig) => {
        await rig.core.record.write((draft) => draft.add({ kind: 'revoked', client: name, actor: 'operator' }));
        rig.model.revoke(name);
        await rig.enroll(name);
      }),
    ),
  },
  {
    weight: 2,
    // 33 days in three: never within an hour of the time to remember, by which what is written down may be behind.
    arbitrary: fc.constantFrom(60_000, 11 * dayMs).map((ms) =>
      step(`${ms / 60_000} minutes pass`, ({ clock, model }) => {
        clock.advance(ms);
        model.now = clock.now();
        return Promise.resolve();
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      step('the server is killed and started again', async (rig) => {
        await rig.kill();
        rig.model.restart();
        await rig.start();
      }),
    ),
  },
);

/** @param isKnown whether all sources have answered at the beginning */
async function play(isKnown: boolean, steps: readonly Step[]): Promise<void> {
  const rig = new Rig();
  await rig.start();
  try {
    if (isKnown) await rig.readAll();
    for (const { take } of steps) {
      await take(rig);
      await rig.settle();
    }
  } finally {
    await rig.kill();
  }
}

describe('what must not be banned', () => {
  it('is never in the firewall, and every other ban is, whatever happens in which order', async () => {
    const histories = fc.array(anyStep, { maxLength: 40 });
    await fc.assert(fc.asyncProperty(fc.boolean(), histories, play), { numRuns: 150 });
  });
});
