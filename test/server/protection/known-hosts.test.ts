import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client, HostAddress } from '../../../server/ledger/ledger.ts';
import { addressesPerHostMax, KnownHosts } from '../../../server/protection/known-hosts.ts';
import type { Network } from '../../../shared/network.ts';
import { makeClient, network, sampleKey } from '../samples.ts';

const hourMs = 3_600_000;
const rememberMs = 48 * hourMs;

/** Known hosts with what they tell, and addresses that are banned. */
class Watched {
  readonly banned = new Set<Network>();
  readonly changed: string[] = [];
  readonly saved: string[] = [];
  readonly doubts: string[] = [];
  readonly clients = new Map<string, Client>([['web1', makeClient()]]);
  readonly hosts: KnownHosts;
  now = 0;

  constructor(known: ReadonlyMap<string, readonly HostAddress[]> = new Map(), remembered = rememberMs) {
    this.hosts = new KnownHosts({
      known,
      clientOf: (name) => this.clients.get(name),
      bannedBy: (address) => (this.banned.has(address) ? address : undefined),
      rememberMs: remembered,
      onChange: (address) => this.changed.push(address),
      save: (client) => this.saved.push(client),
      onDoubt: ({ client, address }) => this.doubts.push(`${client} ${address}`),
    });
  }

  came(text: string, keyId: string = sampleKey.id): void {
    this.hosts.came({ client: 'web1', keyId, address: network(text), now: this.now });
  }

  left(text: string): void {
    this.hosts.left({ client: 'web1', address: network(text), now: this.now });
  }

  wait(ms: number): void {
    this.now += ms;
    this.hosts.review(this.now);
  }

  isKnown(text: string): boolean {
    return this.hosts.index.overlapping(network(text)) !== undefined;
  }
}

describe('the addresses of hosts', () => {
  it('are known from the first login on, and for so long after the last one', () => {
    const watched = new Watched();
    watched.came('203.0.113.7');
    watched.wait(100 * hourMs);
    assert.ok(watched.isKnown('203.0.113.7'), 'while it is connected');
    watched.left('203.0.113.7');
    watched.wait(rememberMs - 1);
    assert.ok(watched.isKnown('203.0.113.0/24'), 'while it is remembered');
    watched.wait(1);
    assert.ok(!watched.isKnown('203.0.113.7'));
    assert.deepEqual(watched.changed, ['203.0.113.7', '203.0.113.7']);
  });

  it('are known while connected alone where nothing is to be remembered', () => {
    const watched = new Watched(new Map(), 0);
    watched.hosts.asked({ client: 'web1', keyId: sampleKey.id, address: network('203.0.113.8'), now: 0 });
    assert.ok(!watched.isKnown('203.0.113.8'));
    watched.came('203.0.113.7');
    watched.came('203.0.113.7');
    watched.left('203.0.113.7');
    assert.ok(watched.isKnown('203.0.113.7'), 'another connection goes on');
    watched.left('203.0.113.7');
    assert.ok(!watched.isKnown('203.0.113.7'));
  });

  it('are the newest few, besides those that it is connected from', () => {
    const watched = new Watched();
    watched.came('203.0.113.1');
    for (let last = 2; last <= 9; last += 1) {
      watched.now += 1;
      watched.came(`203.0.113.${last}`);
      watched.left(`203.0.113.${last}`);
    }
    const known = watched.hosts.of('web1').map(({ address }) => address);
    assert.equal(known.length, addressesPerHostMax);
    assert.deepEqual([known[0], known.at(-1)], ['203.0.113.1', '203.0.113.9']);
  });

  it('do not lift a ban that was in force before, until that ban has ended', () => {
    const watched = new Watched();
    watched.banned.add(network('203.0.113.7'));
    watched.came('203.0.113.7');
    assert.deepEqual([watched.isKnown('203.0.113.7'), watched.doubts], [false, ['web1 203.0.113.7']]);
    assert.deepEqual(
      watched.hosts.doubtful.map(({ address, connected }) => [address, connected]),
      [['203.0.113.7', true]],
    );
    watched.banned.clear();
    watched.wait(1_000);
    assert.deepEqual([watched.isKnown('203.0.113.7'), watched.hosts.doubtful], [true, []]);
  });

  it('are spoken of for an hour when they were banned and the host has gone', () => {
    const watched = new Watched();
    watched.banned.add(network('203.0.113.7'));
    watched.came('203.0.113.7');
    watched.left('203.0.113.7');
    watched.wait(hourMs - 1);
    assert.deepEqual(
      watched.hosts.doubtful.map(({ connected }) => connected),
      [false],
    );
    watched.wait(1);
    assert.deepEqual(watched.hosts.doubtful, []);
  });

  it('hold though a ban of them is in force, when they were known before', () => {
    const address = network('203.0.113.7');
    const watched = new Watched(new Map([['web1', [{ address, keyId: sampleKey.id, seenAt: 0 }]]]));
    watched.banned.add(address);
    watched.came('203.0.113.7');
    assert.deepEqual([watched.isKnown('203.0.113.7'), watched.doubts], [true, []]);
  });

  const ends: readonly (readonly [name: string, client: Client | undefined])[] = [
    ['with their client', undefined],
    ['with the key that proved them', makeClient({ keys: [] })],
    ['at the end of the time of their key', makeClient({ keys: [{ kind: 'frames', ...sampleKey, endsAt: 5 }] })],
    ['when the client is bound to other networks', makeClient({ from: [network('198.51.100.0/24')] })],
  ];
  for (const [name, client] of ends) {
    it(`end ${name}, also while connected`, () => {
      const watched = new Watched();
      watched.came('203.0.113.7');
      if (client === undefined) watched.clients.clear();
      else watched.clients.set('web1', client);
      watched.wait(10);
      assert.ok(!watched.isKnown('203.0.113.7'));
      watched.left('203.0.113.7');
      assert.ok(!watched.isKnown('203.0.113.7'));
    });
  }

  it('end at once when the client is revoked, while another of the same address holds it', () => {
    const watched = new Watched();
    watched.clients.set('web2', makeClient({ name: 'web2' }));
    watched.came('203.0.113.7');
    watched.hosts.came({ client: 'web2', keyId: sampleKey.id, address: network('203.0.113.7'), now: 0 });
    watched.hosts.revoke('web1');
    assert.deepEqual(watched.hosts.index.overlapping(network('203.0.113.7'))?.clients, ['web2']);
    watched.hosts.revoke('web2');
    assert.ok(!watched.isKnown('203.0.113.7'));
  });

  it('are written down when they are new, seldom while a host comes and goes, and each hour', () => {
    const watched = new Watched();
    watched.came('203.0.113.7');
    for (let time = 0; time < 30; time += 1) {
      watched.now += 1_000;
      watched.left('203.0.113.7');
      watched.came('203.0.113.7');
    }
    assert.equal(watched.saved.length, 1);
    watched.wait(hourMs);
    assert.equal(watched.saved.length, 2);
    assert.equal(watched.hosts.of('web1')[0]?.seenAt, watched.now);
  });
});
