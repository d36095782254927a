import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Client } from '../../../server/ledger/ledger.ts';
import { escalationName, operator, ownClient } from '../../../server/own-clients.ts';
import { refuseWithoutPermission } from '../../../server/policy/permission.ts';
import { Policy, type PolicySettings } from '../../../server/policy/policy.ts';
import { ProtectedAddresses } from '../../../server/policy/protected-addresses.ts';
import { Whitelist } from '../../../server/policy/whitelist.ts';
import type { BanEvent } from '../../../shared/frames.ts';
import { limits } from '../../../shared/limits.ts';
import { handJail } from '../../../shared/names.ts';
import type { RefusalCode } from '../../../shared/refusal.ts';
import { anyNetwork, overlapsNaively } from '../naive-networks.ts';
import { makeClient, makeEvent, network } from '../samples.ts';

const defaults: PolicySettings = { allowPrivate: false, widest: { 4: 16, 6: 32 }, reportsPerClientMax: 10 };

function makePolicy(whitelisted: readonly string[] = [], settings: Partial<PolicySettings> = {}) {
  const protectedAddresses = new ProtectedAddresses();
  const whitelist = new Whitelist(whitelisted.map(network), []);
  const policy = new Policy({ ...defaults, ...settings }, whitelist, protectedAddresses);
  return { policy, protectedAddresses, codeOf: (text: string) => policy.refuseAddress(network(text))?.code };
}

describe('an address', () => {
  const cases: readonly (readonly [text: string, code: RefusalCode | undefined])[] = [
    ['203.0.113.7', undefined],
    ['203.0.0.0/16', undefined],
    ['2001:db8::7', undefined],
    ['2001:db8::/32', undefined],
    ['0.0.0.0', 'special-purpose'],
    ['0.0.0.0/0', 'special-purpose'],
    ['::/0', 'special-purpose'],
    ['127.0.0.1', 'special-purpose'],
    ['126.0.0.0/7', 'special-purpose'],
    ['169.254.1.1', 'special-purpose'],
    ['224.0.0.1', 'special-purpose'],
    ['239.255.255.255', 'special-purpose'],
    ['255.255.255.255', 'special-purpose'],
    ['::', 'special-purpose'],
    ['::1', 'special-purpose'],
    ['fe80::1', 'special-purpose'],
    ['ff02::1', 'special-purpose'],
    ['::ffff:127.0.0.1', 'special-purpose'],
    ['64:ff9b::127.0.0.1', 'special-purpose'],
    ['64:ff9b::/96', 'special-purpose'],
    ['2002::/16', 'special-purpose'],
    ['10.0.0.1', 'private'],
    ['10.0.0.0/8', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', undefined],
    ['192.168.1.0/24', 'private'],
    ['192.0.0.0/8', 'private'],
    ['100.64.0.1', 'private'],
    ['fd00::1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['2002:a00:1::1', 'private'],
    ['11.0.0.0/15', 'too-wide'],
    ['2001:db8::/31', 'too-wide'],
  ];
  for (const [text, code] of cases) {
    it(`${text} is ${code ?? 'accepted'}`, () => assert.equal(makePolicy().codeOf(text), code));
  }

  it('is looked at for what it is before who it is', () => {
    const { policy, protectedAddresses } = makePolicy(['8.0.0.0/8']);
    protectedAddresses.protect(network('8.8.8.8'), 'an address of this server');
    assert.equal(policy.refuseAddress(network('8.0.0.0/8'))?.code, 'too-wide');
    assert.equal(policy.refuseAddress(network('8.8.8.8'))?.code, 'whitelisted');
  });

  it('may be private where the configuration says so, and may still not be loopback', () => {
    const { codeOf } = makePolicy([], { allowPrivate: true });
    assert.equal(codeOf('10.0.0.1'), undefined);
    assert.equal(codeOf('127.0.0.1'), 'special-purpose');
  });

  it('may be as wide as the configuration says, and the change counts at once', () => {
    const { policy, codeOf } = makePolicy();
    assert.equal(codeOf('11.0.0.0/8'), 'too-wide');
    policy.configure({ ...defaults, widest: { 4: 8, 6: 32 } });
    assert.equal(codeOf('11.0.0.0/8'), undefined);
  });

  it('may not be, hold or lie in what is protected', () => {
    const { protectedAddresses, codeOf } = makePolicy();
    protectedAddresses.protect(network('198.51.100.10'), 'an address of this server');
    protectedAddresses.protect(network('2001:db8:1::/64'), 'the set management');
    for (const text of ['198.51.100.10', '198.51.100.0/24', '64:ff9b::c633:640a', '2001:db8:1::5', '2001:db8:1::/48']) {
      assert.equal(codeOf(text), 'protected', text);
    }
    assert.equal(codeOf('198.51.100.11'), undefined);
  });
});

describe('a whitelisted address', () => {
  const spellings = [
    '192.0.2.5',
    '192.0.2.5/32',
    '::ffff:192.0.2.5',
    '::FFFF:192.0.2.5',
    '::ffff:c000:205',
    '0:0:0:0:0:ffff:c000:0205',
    '0000:0000:0000:0000:0000:FFFF:C000:0205',
    '::ffff:192.0.2.5/128',
    '64:ff9b::192.0.2.5',
    '64:FF9B::c000:205',
    '2002:c000:205::',
    '2002:C000:0205:0:0:0:0:1',
    '2002:c000:205::/48',
    '192.0.2.0/24',
    '192.0.0.0/16',
    '192.0.2.77/24',
    '64:ff9b::192.0.2.0/120',
    '2002:c000:200::/40',
  ];
  for (const text of spellings) {
    it(`is refused as ${text}`, () => assert.equal(makePolicy(['192.0.2.5']).codeOf(text), 'whitelisted'));
  }

  it('is refused inside a whitelisted network, in each spelling that names one address', () => {
    for (const text of spellings.filter((spelling) => network(spelling) === '192.0.2.5')) {
      assert.equal(makePolicy(['192.0.0.0/8']).codeOf(text), 'whitelisted', text);
    }
  });

  it('is refused as IPv6 in upper case, expanded and compressed', () => {
    for (const text of ['2001:DB8::A', '2001:0db8:0000:0000:0000:0000:0000:000a', '2001:db8:0:0::a', '2001:db8::/64']) {
      assert.equal(makePolicy(['2001:db8::a']).codeOf(text), 'whitelisted', text);
    }
  });

  it('is refused however the whitelist itself is spelled', () => {
    for (const text of ['::ffff:203.0.113.9', '203.0.113.9/32', '203.0.113.200/24', '::ffff:203.0.113.0/120']) {
      assert.equal(makePolicy([text]).codeOf('203.0.113.9'), 'whitelisted', text);
    }
  });

  it('leaves its neighbours alone', () => {
    for (const text of ['192.0.2.4', '192.0.2.6/31', '64:ff9b::192.0.2.4', '2002:c000:204::1']) {
      assert.equal(makePolicy(['192.0.2.5']).codeOf(text), undefined, text);
    }
  });
});

describe('a client', () => {
  const { policy } = makePolicy();
  const codeOf = (event: BanEvent, client: Client, reports = 1, jails = 1) =>
    policy.refuse(event, client, { reports, jails })?.code;

  it('needs the permission for its verb', () => {
    const none = makeClient({ may: [] });
    for (const verb of ['ban', 'unban', 'lift'] as const) {
      assert.equal(codeOf(makeEvent(1, '203.0.113.7', { verb }), none), 'not-permitted', verb);
    }
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), makeClient({ may: ['ban'] })), undefined);
    assert.equal(codeOf(makeEvent(1, '203.0.113.7', { verb: 'unban' }), makeClient({ may: ['ban'] })), 'not-permitted');
  });

  it('may lift only as an operator, and then in any jail', () => {
    const lift = makeEvent(1, '203.0.113.7', { verb: 'lift', jail: 'elsewhere' });
    assert.equal(codeOf(lift, makeClient()), 'not-permitted');
    assert.equal(codeOf(lift, makeClient({ may: ['operate'], jails: ['sshd'] })), undefined);
  });

  it('may use only its own jails', () => {
    const client = makeClient({ jails: ['sshd', 'nginx-*'] });
    const jails: readonly (readonly [jail: string, code: RefusalCode | undefined])[] = [
      ['sshd', undefined],
      ['nginx-botsearch', undefined],
      ['nginx-', undefined],
      ['nginx', 'not-permitted'],
      ['sshd2', 'not-permitted'],
      ['SSHD', 'not-permitted'],
    ];
    for (const [jail, code] of jails) assert.equal(codeOf(makeEvent(1, '203.0.113.7', { jail }), client), code, jail);
  });

  it('may always ban by hand under the name of that, but no jail of this name', () => {
    const client = makeClient({ jails: ['sshd'] });
    const byHand = makeEvent(1, '203.0.113.7', { jail: handJail, source: 'hand' });
    assert.equal(codeOf(byHand, client), undefined);
    assert.equal(codeOf({ ...byHand, source: 'jail' }, client), 'not-permitted');
    assert.equal(codeOf(byHand, makeClient({ may: ['unban'] })), 'not-permitted');
  });

  it('is told what it may do and the command that changes it, in a sentence that never bursts a frame', () => {
    const detailOf = (...[event, client]: Parameters<typeof refuseWithoutPermission>) =>
      refuseWithoutPermission(event, client)?.detail ?? '';
    const lift = makeEvent(1, '203.0.113.7', { verb: 'lift' });
    assert.equal(
      detailOf(lift, makeClient()),
      "web1 may not lift, only ban, unban; to allow it, on the server: fail2networkban-server client set web1 --may 'ban,unban,operate'",
    );
    const longest = makeClient({ name: 'n'.repeat(64), jails: Array(100).fill('j'.repeat(64)) });
    const detail = detailOf(makeEvent(1, '203.0.113.7', { jail: 'k'.repeat(64) }), longest);
    assert.match(
      detail,
      /only those of: client list; to allow it, on the server: fail2networkban-server client set n+ --jails/,
    );
    const result = {
      number: Number.MAX_SAFE_INTEGER,
      outcome: 'refused',
      code: 'not-permitted',
      detail: 'd'.repeat(400),
    };
    assert.ok(detail.length <= 400);
    assert.ok(JSON.stringify(Array(limits.eventsPerFrameMax).fill(result)).length + 200 < limits.frameMaxBytes);
  });

  it('is asked for its permission before its address is looked at', () => {
    assert.equal(codeOf(makeEvent(1, '127.0.0.1'), makeClient({ may: [] })), 'not-permitted');
  });

  it('may hold no more reports than its quota, and unbans are never held up by it', () => {
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), makeClient(), 10), undefined);
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), makeClient(), 11), 'quota-exceeded');
    assert.equal(codeOf(makeEvent(1, '203.0.113.7', { verb: 'unban' }), makeClient(), 11), undefined);
  });

  it('may hold reports of no more jails than it can compare', () => {
    const most = limits.jailsPerClientMax;
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), makeClient(), 1, most), undefined);
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), makeClient(), 1, most + 1), 'quota-exceeded');
  });

  it('that is the operator has no quota, and no permission to ask for, but the same addresses', () => {
    const self = ownClient(operator);
    assert.equal(
      codeOf(makeEvent(1, '203.0.113.7', { source: 'hand' }), self, 11, limits.jailsPerClientMax + 1),
      undefined,
    );
    assert.equal(codeOf(makeEvent(1, '127.0.0.1', { source: 'hand' }), self), 'special-purpose');
    assert.equal(codeOf(makeEvent(1, '203.0.113.7'), ownClient(escalationName), 11), 'quota-exceeded');
  });

  it('may take back a ban that the policy would refuse now', () => {
    assert.equal(codeOf(makeEvent(1, '127.0.0.1', { verb: 'unban' }), makeClient()), undefined);
  });
});

describe('a refusal', () => {
  it('names the value, what it overlaps, and the key that could allow it', () => {
    const { policy } = makePolicy(['192.0.2.0/24']);
    const details = ['10.0.0.1', '11.0.0.0/8', '192.0.2.5'].map((text) => policy.refuseAddress(network(text))?.detail);
    assert.deepEqual(details, [
      '10.0.0.1 overlaps the private network 10.0.0.0/8; [policy] private = yes allows it',
      '11.0.0.0/8 is wider than /16, the limit of [policy] widest_ipv4',
      '192.0.2.5 overlaps 192.0.2.0/24, which is whitelisted by [policy] whitelist of server.ini',
    ]);
  });
});

describe('the whitelist', () => {
  it('refuses exactly what shares an address with an entry, as bit by bit comparison says', () => {
    fc.assert(
      fc.property(fc.array(anyNetwork, { maxLength: 12 }), anyNetwork, (entries, asked) => {
        const whitelist = new Whitelist(entries, []);
        const found = whitelist.overlapping(asked);
        assert.equal(
          found !== undefined,
          entries.some((entry) => overlapsNaively(entry, asked)),
        );
        if (found !== undefined) assert.ok(entries.includes(found) && overlapsNaively(found, asked));
      }),
      { numRuns: 1_000 },
    );
  });
});
