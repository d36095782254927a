import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Infrastructure,
  infrastructureOperators,
  parseInfrastructure,
  sharedInfrastructure,
} from '../../../server/policy/infrastructure.ts';
import { covers, familyOf, prefixLengthOf } from '../../../shared/network.ts';
import { NetworkIndex } from '../../../shared/network-index.ts';
import { spell } from '../../shared/network/spellings.ts';
import { blocks, event, send } from '../admin/sent-events.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { network } from '../samples.ts';

/** Networks that no operator has: private and reserved ones, those for documentation (IANA's special-purpose registries). */
const nobodys = new NetworkIndex(
  [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
    ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
    ...['224.0.0.0/3', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
  ].map(network),
);
const textsOf = (networks: string): string[] => networks.trim().split(/\s+/);

describe('the data of shared infrastructure', () => {
  for (const { operator, networks, source, date } of sharedInfrastructure) {
    it(`of ${operator} has a source, a day, and public networks in their canonical form, none within another`, () => {
      assert.match(source, /^https:\/\//);
      assert.match(date, /^20\d\d-\d\d-\d\d$/);
      const index = new NetworkIndex(textsOf(networks).map(network));
      assert.equal(index.size, textsOf(networks).length);
      for (const text of textsOf(networks)) {
        const each = network(text);
        assert.equal(each, text);
        assert.ok(prefixLengthOf(each) >= 11, text);
        assert.ok(familyOf(each) === 4 || covers(network('2000::/3'), each), text);
        assert.equal(nobodys.overlapping(each), undefined, text);
        assert.deepEqual(index.within(each), [each]);
      }
    });
  }

  it("has no network of two operators, but of Cloudflare's resolvers, whose IPv6 is in a network of its CDN", () => {
    const shared = sharedInfrastructure.flatMap(({ operator, networks }) =>
      sharedInfrastructure
        .filter((other) => other.operator !== operator)
        .flatMap((other) => {
          const index = new NetworkIndex(textsOf(other.networks).map(network));
          return textsOf(networks).flatMap((each) => index.covering(network(each)) ?? []);
        }),
    );
    assert.deepEqual(new Set(shared), new Set(['2606:4700::/32']));
  });

  it('names each operator once', () => {
    assert.equal(new Set(infrastructureOperators).size, infrastructureOperators.length);
  });

  it('has no crawler of a search engine', () => {
    const all = new Infrastructure(new Set());
    // Addresses that Googlebot, Bingbot and Applebot publish.
    for (const text of ['66.249.64.1', '40.77.167.1', '157.55.39.1', '17.241.75.1'])
      assert.equal(all.overlapping(network(text)), undefined, text);
  });
});

describe('[policy] infrastructure', () => {
  const found = (text: string, address: string): string | undefined => {
    const allowed = parseInfrastructure(text);
    assert.ok(allowed !== undefined, text);
    return new Infrastructure(allowed).overlapping(network(address))?.operator;
  };
  for (const [text, address, operator] of [
    ['refuse', '104.16.1.1', 'cloudflare'],
    ['refuse', '104.0.0.0/11', 'cloudflare'],
    ['refuse', '2606:4700::6810:1', 'cloudflare'],
    ['refuse', '147.243.1.1', 'azure-front-door'],
    ['refuse', '24.110.129.1', 'cloudfront'],
    ['refuse', '45.60.1.1', 'imperva'],
    ['refuse', '192.88.134.1', 'sucuri'],
    ['refuse', '34.96.1.1', 'google-load-balancer'],
    ['refuse', '209.85.204.1', 'google-load-balancer'],
    ['refuse', '1.1.1.1', 'cloudflare-dns'],
    ['refuse', '1.1.1.0/24', 'cloudflare-dns'],
    ['refuse', '76.76.2.22', 'control-d'],
    ['refuse', '2a11::', 'dns-sb'],
    ['refuse', '2a13:1001::86:54:11:213', 'dns4eu'],
    ['refuse', '2402:4e00::', 'dnspod'],
    ['refuse', '2001:470:20::2', 'hurricane-electric'],
    ['refuse', '4.2.2.2', 'level3'],
    ['refuse', '146.112.41.2', 'opendns'],
    ['refuse', '2620:fe::fe:12', 'quad9'],
    ['refuse', '156.154.71.5', 'ultradns'],
    ['refuse', '2a02:6b8::feed:bad', 'yandex-dns'],
    // Mullvad's, which ended on 2 November 2026.
    ['refuse', '194.242.2.2', undefined],
    ['refuse', '1.1.1.7', undefined],
    ['refuse', '203.0.113.7', undefined],
    ['allow', '104.16.1.1', undefined],
    ['Allow Cloudflare, quad9', '104.16.1.1', undefined],
    ['allow cloudflare quad9', '9.9.9.9', undefined],
    ['allow cloudflare', '9.9.9.9', 'quad9'],
    ['allow cloudflare', '2606:4700:4700::1111', 'cloudflare-dns'],
    ['allow cloudflare-dns', '2606:4700:4700::1111', 'cloudflare'],
    ['allow cloudflare, cloudflare-dns', '2606:4700:4700::1111', undefined],
  ] as const)
    it(`"${text}" finds ${operator ?? 'nothing'} at ${address}`, () => assert.equal(found(text, address), operator));

  for (const text of ['', 'yes', 'refuse cloudflare', 'allow cloudfare', 'cloudflare'])
    it(`is not "${text}"`, () => assert.equal(parseInfrastructure(text), undefined));
});

describe('a ban of shared infrastructure', () => {
  it('is refused in every spelling, whoever asks, and the sentence says whose it is and how to allow it', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      const spelled = ['104.16.1.1', '8.8.8.8'].flatMap((text) => spell(network(text)).map(([, each]) => each));
      const codes = await send(peer, ...spelled.map((each, at) => event(at + 1, each)));
      assert.deepEqual(new Set(Array.isArray(codes) ? codes : []), new Set(['infrastructure']));
      const { outcome, code, detail } = await server.ask('ban', { network: '172.64.10.11' });
      assert.deepEqual([outcome, code], ['refused', 'infrastructure']);
      assert.equal(
        detail,
        '172.64.10.11 overlaps 172.64.0.0/13 of cloudflare, a CDN that very many share; [policy] infrastructure = allow cloudflare takes bans of it',
      );
      peer.close();
    }));

  it('that stood before is held back, and stands again where it is allowed', async () => {
    const allowed = {
      allowPrivate: false,
      widest: { 4: 16, 6: 32 },
      infrastructure: 'all',
      reportsPerClientMax: 9,
    } as const;
    await withServer(
      async (server: RunningServer) => {
        await server.ask('ban', { network: '104.16.1.1' });
        await server.ask('ban', { network: '203.0.113.1' });
        await blocks(server, '104.16.1.1', '203.0.113.1');
        const { infrastructure: _, ...refusing } = allowed;
        server.server.reload({ ...server.settings, policy: refusing }, undefined);
        await blocks(server, '203.0.113.1');
        const { bans, refusal } = await server.ask('lookup', { network: '104.16.1.1' });
        assert.ok(Array.isArray(bans) && bans.length === 1);
        assert.match(JSON.stringify(refusal), /infrastructure/);
        server.server.reload(server.settings, undefined);
        await blocks(server, '104.16.1.1', '203.0.113.1');
      },
      undefined,
      { settings: { policy: allowed } },
    );
  });
});
