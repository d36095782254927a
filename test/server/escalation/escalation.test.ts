import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitingMax } from '../../../server/escalation/escalation.ts';
import type { EscalationSettings } from '../../../server/escalation/escalation-settings.ts';
import type { Change } from '../../../server/ledger/ledger.ts';
import { Core } from '../core.ts';
import { makeClient, makeEntry, makeReport, network } from '../samples.ts';
import { day, EscalationUnderTest, minute, usual } from './escalation-under-test.ts';

type Work = (test: EscalationUnderTest) => Promise<void>;

async function escalating(settings: EscalationSettings, work: Work): Promise<void> {
  const test = await EscalationUnderTest.start(settings);
  await test.settle();
  try {
    await work(test);
  } finally {
    await test.stop();
  }
}

const attacker = '203.0.113.7';

describe('a network that is banned again and again', () => {
  it('is banned for as long as the highest step says that it reached', () =>
    escalating(usual, async (test) => {
      const after: string[][] = [];
      for (let time = 1; time <= 7; time += 1) {
        await test.offend(attacker);
        await test.settle();
        after.push(test.own);
        test.core.clock.advance(2 * minute);
      }
      assert.deepEqual(after, [
        [],
        [],
        [`${attacker} repeat 86400`],
        // Two minutes more would not be worth a write.
        [`${attacker} repeat 86280`],
        [`${attacker} repeat 604800`],
        [`${attacker} repeat Infinity`],
        [`${attacker} repeat Infinity`],
      ]);
      assert.equal(test.state.banned, 3);
    }));

  it('is banned anew when the longer ban has ended and it goes on', () =>
    escalating(usual, async (test) => {
      await test.offendTimes(3, attacker);
      test.core.clock.advance(day);
      await test.offend(attacker);
      await test.settle();
      assert.deepEqual(test.own, [`${attacker} repeat 86400`]);
    }));

  it('counts no further back than the time says', () =>
    escalating(usual, async (test) => {
      await test.offendTimes(2, attacker);
      test.core.clock.advance(7 * day);
      await test.offend(attacker);
      await test.settle();
      assert.deepEqual(test.own, []);
    }));

  const same: readonly (readonly [what: string, repeat: Work])[] = [
    [
      'several hosts within a minute',
      async (test) => {
        for (const host of ['web1', 'web2', 'web3', 'web4']) await test.offend(attacker, {}, host);
      },
    ],
    [
      'a ban that is prolonged',
      async (test) => {
        for (const ttlSeconds of [600, 1_200, 2_400, 4_800]) {
          await test.ban(attacker, { ttlSeconds });
          test.core.clock.advance(2 * minute);
        }
      },
    ],
    [
      "a jail's list after a gap",
      async (test) => {
        for (let time = 0; time < 4; time += 1) {
          await test.core.list(makeClient(), [[network(attacker), 600]]);
          await test.core.list(makeClient(), []);
          test.core.clock.advance(2 * minute);
        }
      },
    ],
    [
      'bans by hand',
      async (test) => {
        for (let time = 0; time < 4; time += 1) {
          await test.offend(attacker, { source: 'hand', jail: 'manual' });
          test.core.clock.advance(2 * minute);
        }
      },
    ],
    [
      'what another part of the server takes over',
      async (test) => {
        for (let time = 0; time < 4; time += 1) {
          await test.offend(attacker, {}, 'crowdsec/main');
          test.core.clock.advance(2 * minute);
        }
      },
    ],
    [
      'a peer jail that reports',
      async (test) => {
        for (let time = 0; time < 4; time += 1) {
          await test.offend(attacker, { jail: 'sshd-peers' });
          test.core.clock.advance(2 * minute);
        }
      },
    ],
  ];
  for (const [what, repeat] of same) {
    it(`is no repeat offender by ${what}`, () =>
      escalating(usual, async (test) => {
        await repeat(test);
        await test.settle();
        assert.deepEqual(test.own, []);
      }));
  }

  it('counts anew after an operator has lifted its bans', () =>
    escalating(usual, async (test) => {
      await test.offendTimes(3, attacker);
      await test.settle();
      await test.lift(attacker);
      await test.offendTimes(2, attacker);
      await test.settle();
      assert.deepEqual(test.own, []);
      await test.offend(attacker);
      await test.settle();
      assert.deepEqual(test.own, [`${attacker} repeat 86400`]);
    }));

  it('is not asked for again at once when the policy refuses', () =>
    escalating({ ...usual, steps: [{ count: 2, forMs: day }] }, async (test) => {
      // The host may still ban, being first: the address is protected only from here on.
      await test.offendTimes(1, attacker);
      await test.ban(attacker);
      const { protectedAddresses } = test.core;
      protectedAddresses.protect(network(attacker), 'the address of a connected client');
      await test.settle();
      assert.deepEqual([test.own, test.state.refused, test.state.banned], [[], 1, 0]);
      const refused = test.core.decisions.filter(({ client }) => client === 'escalation').map(({ code }) => code);
      assert.deepEqual(refused, ['protected']);
      protectedAddresses.release(network(attacker), 'the address of a connected client');
      test.core.clock.advance(2 * minute);
      await test.offend(attacker);
      await test.settle();
      assert.deepEqual(test.own, [], 'it counts from one again');
    }));

  it('is banned once the record can be written again', () =>
    escalating(usual, async (test) => {
      const { ledger, clock } = test.core;
      ledger.isFull = true;
      test.escalation.committed([offence('203.0.113.8')], clock.now() - 6 * minute);
      test.escalation.committed([offence('203.0.113.8')], clock.now() - 4 * minute);
      test.escalation.committed([offence('203.0.113.8')], clock.now() - 2 * minute);
      await test.core.record.read(() => undefined);
      await test.core.record.drain();
      assert.equal(test.state.waiting, 1);
      ledger.isFull = false;
      clock.advance(5_000);
      await test.settle();
      assert.deepEqual(test.own, [`203.0.113.8 repeat ${86_400 - 120 - 5}`]);
    }));
});

const offence = (text: string, client = 'web1'): Change => ({
  kind: 'reported',
  report: makeReport(text, { client }),
  replaces: undefined,
});

describe('a neighbourhood', () => {
  const near: EscalationSettings = { ...usual, steps: [], neighbours: { hosts: 3, withinMs: day, forMs: 2 * day } };

  it('is banned as a whole when enough of its addresses offended', () =>
    escalating(near, async (test) => {
      for (const last of [1, 1, 2, 2, 2]) await test.offend(`203.0.113.${last}`);
      for (const last of ['1', '1', '2']) await test.offend(`2001:db8::${last}`);
      await test.settle();
      assert.deepEqual(test.own, []);
      await test.offend('203.0.113.200');
      await test.offend('2001:db8::ffff:ffff:ffff:ffff');
      await test.settle();
      assert.deepEqual(test.own, ['2001:db8::/64 neighbours 172800', '203.0.113.0/24 neighbours 172800']);
    }));

  it('is not banned across a whitelist entry, an address of ours, or wider than the policy allows', () =>
    escalating(near, async (test) => {
      const { record, protectedAddresses, policy } = test.core;
      const entry = makeEntry('203.0.113.77');
      await record.write((draft) => draft.add({ kind: 'allowed', entry, actor: 'operator' }));
      protectedAddresses.protect(network('198.51.100.5'), 'the address of a connected client');
      for (const last of [1, 2, 3, 4]) {
        await test.offend(`203.0.113.${last}`);
        await test.offend(`198.51.100.${last}`);
      }
      await test.settle();
      policy.configure({ ...policy.settings, widest: { 4: 25, 6: 65 } });
      for (const last of [1, 2, 3]) await test.offend(`198.51.0.${last}`);
      await test.settle();
      const codes = test.core.decisions.filter(({ client }) => client === 'escalation').map(({ code }) => code);
      assert.deepEqual([test.own, codes.sort()], [[], ['protected', 'too-wide', 'whitelisted']]);
    }));

  it('is lifted by the operator, and then needs as many addresses again', () =>
    escalating(near, async (test) => {
      for (const last of [1, 2, 3]) await test.offend(`203.0.113.${last}`);
      await test.settle();
      await test.lift('203.0.113.0/24');
      for (const last of [1, 2]) await test.offend(`203.0.113.${last}`);
      await test.settle();
      assert.deepEqual(test.own, []);
    }));
});

describe('escalation after a restart', () => {
  it('counts what happened before it', async () => {
    const before = await EscalationUnderTest.start();
    await before.offendTimes(2, attacker);
    // As many more as make several pages of history.
    await before.core.list(makeClient({ name: 'web9' }), filler(4_000));
    const test = await before.restart();
    await test.settle();
    assert.equal(test.state.offences, 2);
    await test.offend(attacker);
    await test.settle();
    assert.deepEqual(test.own, [`${attacker} repeat 86400`]);
    await test.stop();
  });

  it('makes good what it could not record before, for the time that is left', async () => {
    const before = await EscalationUnderTest.start();
    before.core.afterCommit = () => undefined;
    await before.offendTimes(3, attacker);
    await before.offendTimes(4, '203.0.113.8');
    await before.lift('203.0.113.8');
    before.core.clock.advance(day / 2);
    const test = await before.restart();
    await test.settle();
    assert.deepEqual(test.own, [`203.0.113.8 repeat ${43_200 - 120}`, `${attacker} repeat ${43_200 - 600}`].sort());
    await test.stop();
  });

  it('does not bring back what an operator lifted', async () => {
    const before = await EscalationUnderTest.start();
    await before.offendTimes(3, attacker);
    await before.settle();
    await before.lift(attacker);
    const test = await before.restart();
    await test.settle();
    assert.deepEqual([test.own, test.state.offences], [[], 0]);
    await test.stop();
  });

  it('counts what happens while history is read once, in its order', async () => {
    const before = await EscalationUnderTest.start();
    await before.offendTimes(2, attacker);
    const test = await before.restart();
    assert.equal(test.state.isReading, true);
    await test.offend(attacker);
    await test.settle();
    assert.deepEqual([test.own, test.state.offences], [[`${attacker} repeat 86400`], 3]);
    await test.stop();
  });

  for (const [others, offences, own] of [
    [1, 4, [`${attacker} repeat 86400`]],
    [2, 3, []],
  ] as const) {
    it(`knows ${offences} of ${3 + others} offences that happen while history is read, where two are to be kept`, async () => {
      const core = await Core.make();
      let goOn = (): void => undefined;
      core.ledger.readable = new Promise((resolve) => {
        goOn = resolve;
      });
      const test = new EscalationUnderTest(core, usual, { meanwhileMax: 2 });
      await test.offendTimes(2, attacker);
      for (let last = 1; last <= others; last += 1) await test.offend(`198.51.100.${last}`);
      await test.offend(attacker);
      assert.equal(test.state.isReading, true);
      goOn();
      await test.settle();
      // Of four all are there; a fifth drops the oldest two, both of the attacker.
      assert.deepEqual([test.state.offences, test.own], [offences, own]);
      await test.stop();
    });
  }

  it('takes over new settings at once, and what history says by them', async () => {
    const test = await EscalationUnderTest.start({ ...usual, steps: [{ count: 9, forMs: day }] });
    await test.settle();
    await test.offendTimes(2, attacker);
    test.escalation.configure({ ...usual, steps: [{ count: 2, forMs: day }] });
    await test.settle();
    assert.deepEqual(test.own, [`${attacker} repeat ${86_400 - 120}`]);
    test.core.ledger.isFull = true;
    for (const minutesAgo of [4, 2]) {
      const change = offence('203.0.113.9');
      test.escalation.committed([change], test.core.clock.now() - minutesAgo * minute);
    }
    test.escalation.configure(undefined);
    await test.core.record.drain();
    test.core.ledger.isFull = false;
    test.core.clock.advance(10_000);
    await test.offendTimes(3, '203.0.113.8');
    assert.deepEqual([test.escalation.state, test.own.length], [undefined, 1]);
    await test.stop();
  });
});

it('escalation holds no more than so many consequences that wait', async () => {
  const test = new EscalationUnderTest(await Core.make(), { ...usual, steps: [{ count: 2, forMs: day }] });
  await test.settle();
  const now = test.core.clock.now();
  for (let at = 0; at < waitingMax + 10; at += 1) {
    const change = offence(`203.${Math.floor(at / 250)}.${at % 250}.1`);
    test.escalation.committed([change], now - 2 * minute);
    test.escalation.committed([change], now);
  }
  assert.deepEqual([test.state.waiting, test.state.dropped], [waitingMax, 10]);
  const others = offence('198.51.100.7', 'web2');
  test.escalation.committed([others, others], now);
  test.escalation.committed([others], now + 2 * minute);
  await test.core.record.read(() => undefined);
  await test.settle();
  assert.ok(test.own.includes(`198.51.100.7 repeat ${86_400 + 120}`), 'a flood of one host leaves the others theirs');
  await test.stop();
});

function filler(count: number): [ReturnType<typeof network>, number][] {
  return Array.from({ length: count }, (_, at) => [network(`198.18.${at >> 8}.${at & 255}`), 600]);
}
