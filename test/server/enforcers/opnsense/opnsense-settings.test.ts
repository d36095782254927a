import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type OpnsenseSettings,
  readOpnsenseSettings,
} from '../../../../server/enforcers/opnsense/opnsense-settings.ts';
import { ConfigError } from '../../../../shared/errors.ts';
import { SettingsReader } from '../../../../shared/settings-reader.ts';

const files: Readonly<Record<string, string>> = {
  '/download': 'key=w86X/8Oq+r5k=\r\nsecret=XeD2:6XV/c==\r\n',
  '/line': 'w86X:XeD2:6XV\n',
  '/half': 'key=w86X\n',
};

function read(text: string): readonly OpnsenseSettings[] {
  const reader = new SettingsReader('server.ini', text);
  const settings = readOpnsenseSettings(reader, { read: (path) => files[path] ?? '', modeOf: () => 0o600 });
  reader.finish();
  return settings;
}

function section(...lines: readonly string[]): OpnsenseSettings {
  const [settings] = read(['[opnsense edge]', 'url = https://192.0.2.254', 'key_file = /line', ...lines].join('\n'));
  assert.ok(settings);
  return settings;
}

function problemsOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('no problem was found');
}

describe('an [opnsense NAME] section', () => {
  it('has defaults for one external alias of all bans', () => {
    const { readKey, ...settings } = section();
    assert.deepEqual(settings, {
      kind: 'opnsense',
      name: 'edge',
      limits: { maxEntries: 10_000, merge: true, resyncSeconds: 300 },
      endpoint: { scheme: 'https', host: '192.0.2.254', port: 443, trust: { kind: 'system' } },
      aliases: [{ name: 'blocklist', jails: undefined }],
      aliasType: 'external',
      mayCreate: false,
      bulkAbove: 500,
    });
    assert.equal(readKey(), 'w86X:XeD2:6XV');
  });

  it('takes the file that OPNsense offers for downloading', () => {
    assert.equal(section().readKey(), 'w86X:XeD2:6XV');
    const [settings] = read('[opnsense a]\nurl = https://a\nkey_file = /download');
    assert.equal(settings?.readKey(), 'w86X/8Oq+r5k=:XeD2:6XV/c==');
  });

  it('gives jails an alias of their own, beside one for all or alone', () => {
    const own = [
      { name: 'alias_ssh', jails: ['sshd'] },
      { name: 'alias_web', jails: ['nginx-*', 'apache-*'] },
    ];
    const aliases = 'aliases = sshd:alias_ssh nginx-*:alias_web, apache-*:alias_web';
    assert.deepEqual(section(aliases).aliases, own);
    assert.deepEqual(section(aliases, 'alias = all_bans').aliases, [{ name: 'all_bans', jails: undefined }, ...own]);
  });

  it('joins nothing for an alias of hosts, which takes no CIDR', () => {
    assert.equal(section('alias_type = host').limits.merge, false);
    assert.equal(section('alias_type = network').limits.merge, true);
  });

  it('may hold far more than a Proxmox', () =>
    assert.equal(section('max_entries = 1000000').limits.maxEntries, 1_000_000));

  for (const [lines, text] of [
    [['key = a:b'], /url: is missing: https:\/\/HOST/],
    [['url = https://a'], /key_file: is missing: a file with KEY:SECRET/],
    [['url = http://192.0.2.1', 'key = a:b'], /without TLS only a loopback address/],
    [['url = https://a/api', 'key = a:b'], /url: "https:\/\/a\/api": allowed is/],
    [['url = https://a', 'key_file = /half'], /key_file: \/half does not hold KEY:SECRET/],
    [['url = https://a', 'key = a:b', 'alias = bogons'], /bogons: OPNsense fills it by itself/],
    [['url = https://a', 'key = a:b', 'alias = __lan_network'], /__lan_network: OPNsense fills it by itself/],
    [['url = https://a', 'key = a:b', 'alias = a/../b'], /alias: "a\/\.\.\/b": the name of an alias is/],
    [['url = https://a', 'key = a:b', 'alias = 1234'], /the name of an alias is/],
    [['url = https://a', 'key = a:b', `alias = ${'a'.repeat(32)}`], /the name of an alias is up to 31/],
    [['url = https://a', 'key = a:b', 'aliases = sshd'], /"sshd": allowed is JAIL:ALIAS/],
    [['url = https://a', 'key = a:b', 'aliases = sshd:bogons'], /aliases: bogons: OPNsense fills it/],
    [['url = https://a', 'key = a:b', 'alias = x', 'aliases = sshd:x'], /x takes the bans of all jails already/],
    [
      ['url = https://a', 'key = a:b', 'alias_type = urltable'],
      /alias_type: "urltable": allowed is one of external, host/,
    ],
    [['url = https://a', 'key = a:b', 'max_entries = 1000001'], /max_entries/],
    [['url = https://a', 'key = a:b', `aliases = ${'j:x '.repeat(65)}`], /65 of them: at most 64/],
  ] as const) {
    it(`refuses ${lines.join(', ').slice(0, 70)}`, () => {
      assert.match(problemsOf(['[opnsense edge]', ...lines].join('\n')), text);
    });
  }

  it('refuses an alias that another section of the same firewall has', () => {
    const one = 'url = https://FW.example\nkey = a:b\n';
    const other = 'url = https://fw.example:443/\nkey = a:b\n';
    assert.match(
      problemsOf(`[opnsense a]\n${one}[opnsense b]\n${other}`),
      /blocklist of fw\.example belongs to another section/,
    );
    assert.equal(read(`[opnsense a]\n${one}[opnsense b]\n${other}alias = more`).length, 2);
  });

  it('does not show a secret that is wrong', () => {
    assert.doesNotMatch(problemsOf('[opnsense a]\nurl = https://a\nkey = very secret'), /very secret/);
  });
});
