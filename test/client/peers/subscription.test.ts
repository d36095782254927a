import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSubscriptions } from '../../../client/peers/subscription.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { openFilter } from '../../../shared/report-filter.ts';
import { SettingsReader } from '../../../shared/settings-reader.ts';

function read(...lines: readonly string[]) {
  const reader = new SettingsReader('client.ini', lines.join('\n'));
  const subscriptions = readSubscriptions(reader, ['pve1', 'pve2']);
  reader.finish();
  return subscriptions;
}

describe('[subscription NAME]', () => {
  it('is everything of every server when it only names its enforcer', () => {
    assert.deepEqual(read('[subscription all]', 'enforcer = nftables'), [
      { name: 'all', filter: openFilter, servers: [], target: { kind: 'nftables' }, maxEntries: 50_000 },
    ]);
  });

  it('takes conditions on jail, client, label, family and prefix', () => {
    const [subscription] = read(
      '[subscription web]',
      'jail = sshd, nginx-*',
      'client = web*',
      'label.site = fra*, ams1',
      'family = 6',
      'widest = 48',
      'narrowest = 64',
      'server = pve2',
      'enforcer = command:notify',
      'max_entries = 100',
    );
    assert.deepEqual(subscription, {
      name: 'web',
      filter: {
        jails: ['sshd', 'nginx-*'],
        clients: ['web*'],
        labels: { site: ['fra*', 'ams1'] },
        families: [6],
        widest: 48,
        narrowest: 64,
      },
      servers: ['pve2'],
      target: { kind: 'command', name: 'notify' },
      maxEntries: 100,
    });
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['no enforcer', 'jail = sshd', /enforcer: is missing: jail:NAME, nftables, or command:NAME/],
    ['an unknown enforcer', 'enforcer = iptables', /enforcer: "iptables": allowed is jail:NAME/],
    ['a jail without a name', 'enforcer = jail:', /enforcer: "jail:": allowed/],
    ['an unknown server', 'enforcer = nftables\nserver = pve9', /server: "pve9": there is no section \[server pve9\]/],
    ['a pattern that is none', 'enforcer = nftables\njail = ss$hd', /jail: "ss\$hd": allowed are/],
    [
      'a label that is none',
      'enforcer = nftables\nlabel.Site = x',
      /label\.Site: is not the key of a label: allowed are 1–32 of a-z/,
    ],
    ['a family that is none', 'enforcer = nftables\nfamily = 5', /family: "5": allowed is one of 4, 6, both/],
    ['bounds that cross', 'enforcer = nftables\nwidest = 32\nnarrowest = 24', /narrowest: "24": allowed is a whole/],
    ['an unknown key', 'enforcer = nftables\njails = sshd', /jails: unknown key/],
  ];
  for (const [what, lines, said] of wrong) {
    it(`says what is wrong with ${what}, with its line`, () => {
      assert.throws(
        () => read('[subscription x]', lines),
        (error) =>
          error instanceof ConfigError &&
          error.problems.some(({ where, key, detail }) => /:\d+$/.test(where) && said.test(`${key}: ${detail}`)),
      );
    });
  }
});

describe('[peers]', () => {
  it('maps patterns of jails to peer jails', () => {
    const [sshd, rest] = read('[peers]', 'sshd = sshd-peers', '* = peers');
    assert.deepEqual([sshd?.filter.jails, sshd?.target], [['sshd'], { kind: 'jail', name: 'sshd-peers' }]);
    assert.deepEqual([rest?.filter.jails, rest?.target], [['*'], { kind: 'jail', name: 'peers' }]);
  });

  it('says which name is no jail', () => {
    assert.throws(() => read('[peers]', 'sshd ='), /sshd: is missing: the name of a jail/);
    assert.throws(() => read('[peers]', 'sshd = ss hd'), /sshd: "ss hd": allowed is the name of a jail/);
  });
});
