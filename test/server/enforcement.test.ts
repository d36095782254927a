import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Clients } from '../../server/clients.ts';
import { EnforcementOfBans, type Room } from '../../server/enforcement.ts';
import { DryRun } from '../../server/enforcers/dry-run/dry-run.ts';
import type { OpenedFirewall } from '../../server/enforcers/opened-firewall.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import { Traces } from '../../server/enforcers/ownership/traces.ts';
import type { Change } from '../../server/ledger/ledger.ts';
import { handJail } from '../../shared/names.ts';
import type { Network } from '../../shared/network.ts';
import { until } from '../until.ts';
import { Core } from './core.ts';
import { makeClient, makeEntry, makeEvent, network } from './samples.ts';

const web1 = makeClient({ name: 'web1' });
const admin = makeClient({ name: 'admin', may: ['ban', 'operate'] });
const clients = new Clients([web1, admin]);

const allowed = (which: Network): Change => ({ kind: 'allowed', entry: makeEntry(which), actor: 'operator' });
const disallowed = (which: Network): Change => ({
  kind: 'disallowed',
  network: which,
  actor: 'operator',
  reason: 'removed',
});

/** A core with one firewall that takes at most `maxEntries`, working until the test ends. */
async function enforcing(
  t: { after(then: () => Promise<void>): void },
  maxEntries: number,
  wants?: OpenedFirewall['wants'],
) {
  const core = await Core.make();
  const firewall = new DryRun();
  const rooms: Room[] = [];
  const connect = (text: string) => {
    core.hosts.add(network(text), 'web9');
    core.held.checkAround(network(text));
    enforcement.notify();
  };
  const leave = (text: string) => {
    core.hosts.delete(network(text), 'web9');
    core.held.checkAround(network(text));
    enforcement.notify();
  };
  const stop = new AbortController();
  const enforcement = new EnforcementOfBans({
    firewalls: [
      { enforcer: firewall, limits: { maxEntries, merge: false, resyncSeconds: 300 }, protectedSources: [], wants },
    ],
    standing: core.standing,
    policy: core.policy,
    clock: core.clock,
    random: () => 0,
    isPaused: () => false,
    isOperators: (report) => clients.isOperators(report),
    held: core.held,
    unread: () => undefined,
    onEvent: () => undefined,
    marks: new OwnMarks(['mem1']),
    traces: new Traces(core.ledger),
    isClient: () => false,
    onStrays: () => undefined,
    onRoom: (_enforcer, room) => rooms.push(room),
  });
  const working = enforcement.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await working;
  });
  const held = async (): Promise<string[]> => (await firewall.list()).map((entry) => entry.network).sort();
  return { core, enforcement, rooms, connect, leave, held };
}

describe('what is enforced', () => {
  it('says once that the room becomes scarce, that there is none, and that there is plenty again', async (t) => {
    const { core, enforcement, rooms, held } = await enforcing(t, 5);
    for (let number = 1; number <= 6; number += 1) {
      await core.send(web1, [makeEvent(number, `203.0.113.${number}`)]);
      enforcement.notify();
      await until(async () => (await held()).includes(`203.0.113.${number}`), 'the newest ban is in');
    }
    const kinds = (): string[] => rooms.map(({ kind }) => kind);
    assert.deepEqual(kinds(), ['scarce', 'none']);
    assert.equal(rooms.at(-1)?.leftOut, 1);
    for (const report of core.standing.ofClient('web1').slice(2)) {
      await core.record.write((draft) => draft.withdraw(report, 'lifted', 'operator'));
    }
    enforcement.notify();
    await until(async () => (await held()).length === 2, 'two are left');
    assert.deepEqual(kinds(), ['scarce', 'none', 'plenty']);
  });

  it('keeps the operator’s ban and each host’s newest when one host fills the room by hand', async (t) => {
    const { core, enforcement, held } = await enforcing(t, 4);
    const byHand = { jail: handJail, source: 'hand' } as const;
    await core.send(admin, [makeEvent(1, '198.51.100.1', byHand)]);
    await core.send(makeClient({ name: 'web2' }), [makeEvent(1, '198.51.100.2')]);
    const flood = Array.from({ length: 20 }, (_, at) => makeEvent(at + 1, `203.0.113.${at}`, byHand));
    await core.send(web1, flood);
    enforcement.notify();
    const kept = ['198.51.100.1', '198.51.100.2', '203.0.113.18', '203.0.113.19'];
    await until(async () => (await held()).join() === kept.join(), 'those four are in');
  });

  it('takes a ban off while the host behind it is connected', async (t) => {
    const { core, enforcement, connect, leave, held } = await enforcing(t, 5);
    await core.send(web1, [makeEvent(1, '203.0.113.7')]);
    enforcement.notify();
    await until(async () => (await held()).length === 1, 'it is in');
    connect('203.0.113.7');
    await until(async () => (await held()).length === 0, 'it is out');
    leave('203.0.113.7');
    await until(async () => (await held()).length === 1, 'it is in again');
  });

  it('says what lists of bans may not carry, and whether that is as it was', async (t) => {
    const { core, enforcement, connect, leave } = await enforcing(t, 5);
    await core.send(web1, [makeEvent(1, '203.0.113.7'), makeEvent(2, '203.0.113.64/26')]);
    const isHeldBack = () =>
      ['203.0.113.7', '203.0.113.64/26'].filter((each) => enforcement.heldBack()?.(network(each)));
    const known = new Set([enforcement.circumstances]);
    assert.deepEqual(isHeldBack(), []);
    connect('203.0.113.65');
    assert.deepEqual(isHeldBack(), ['203.0.113.64/26']);
    known.add(enforcement.circumstances);
    leave('203.0.113.65');
    known.add(enforcement.circumstances);
    core.protectedAddresses.replace('an address of this server', [network('203.0.113.7')]);
    core.held.check();
    assert.deepEqual(isHeldBack(), ['203.0.113.7']);
    assert.equal(known.has(enforcement.circumstances), false);
    assert.equal(known.size, 3);
  });

  it('holds back the same whether all is checked again or what whitelist entries touch', async (t) => {
    const { core, enforcement } = await enforcing(t, 5);
    const bans = ['203.0.113.7', '203.0.113.64/26', '198.51.100.1', '2001:db8:1::/64', '64:ff9b::c633:6401'];
    await core.send(
      web1,
      bans.map((text, index) => makeEvent(index + 1, text)),
    );
    const heldBack = () => bans.filter((each) => enforcement.heldBack()?.(network(each)));
    const entries = ['203.0.113.65', '198.51.100.0/28', '2001:db8:1::7', '203.0.113.0/30'].map(network);
    const changes = fc.array(fc.tuple(fc.subarray(entries, { minLength: 1 }), fc.boolean()), { maxLength: 6 });
    fc.assert(
      fc.property(changes, (steps) => {
        for (const [touched, isAllowed] of steps) {
          core.whitelist.apply(touched.map((each) => (isAllowed ? allowed(each) : disallowed(each))));
          core.held.check(touched);
          const some = heldBack();
          assert.deepEqual(core.held.check(), [], 'nothing is left to be found');
          assert.deepEqual(heldBack(), some);
        }
      }),
    );
  });

  it('forgets a ban that was held back and is gone, whichever entries are checked next', async (t) => {
    const { core, enforcement } = await enforcing(t, 5);
    await core.send(web1, [makeEvent(1, '203.0.113.7')]);
    core.whitelist.apply([allowed(network('203.0.113.7'))]);
    core.held.check([network('203.0.113.7')]);
    await core.send(web1, [makeEvent(2, '203.0.113.7', { verb: 'unban' })]);
    core.whitelist.apply([disallowed(network('203.0.113.7'))]);
    core.held.check([network('203.0.113.7')]);
    await core.send(web1, [makeEvent(3, '203.0.113.7')]);
    assert.equal(enforcement.heldBack()?.(network('203.0.113.7')), false);
  });

  it('gives a firewall the bans of its jails alone, as long as one of those reports them', async (t) => {
    const wants: OpenedFirewall['wants'] = ({ jail }) => jail === 'nginx';
    const { core, enforcement, held } = await enforcing(t, 5, wants);
    await core.send(web1, [
      makeEvent(1, '203.0.113.7'),
      { ...makeEvent(2, '203.0.113.8'), jail: 'nginx' },
      { ...makeEvent(3, '203.0.113.7'), jail: 'nginx' },
    ]);
    enforcement.notify();
    await until(async () => (await held()).length === 2, 'both are in');
    const [, ofNginx] = core.standing.reportsOf(network('203.0.113.7'));
    assert.equal(ofNginx?.jail, 'nginx');
    await core.record.write((draft) => draft.withdraw(ofNginx, 'unban', 'web1'));
    enforcement.notify();
    await until(async () => (await held()).length === 1, 'one is out');
    assert.ok(core.standing.get(network('203.0.113.7')), 'its ban stands');
    assert.deepEqual(enforcement.of(network('203.0.113.7')), [], 'which is no matter of this firewall');
    assert.deepEqual(enforcement.of(network('203.0.113.8')), [{ enforcer: 'dry-run', state: 'in-force' }]);
  });
});
