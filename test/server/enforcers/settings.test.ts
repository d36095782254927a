import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { openFirewalls } from '../../../server/enforcers/create-enforcer.ts';
import { OwnMarks } from '../../../server/enforcers/ownership/ledger-mark.ts';
import { type EnforcerSettings, readEnforcerSettings } from '../../../server/enforcers/settings.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { SettingsReader } from '../../../shared/settings-reader.ts';
import { makeCertificates } from '../../certificates.ts';
import { ManualClock } from '../../manual-clock.ts';

const token = 'f2nb@pve!server=11111111-2222-4333-8444-555555555555';
const { caFile } = await makeCertificates(await mkdtemp(join(tmpdir(), 'ca-')));
const files: Readonly<Record<string, string>> = {
  '/t': `${token}\n`,
  '/empty': '',
  '/open': token,
  '/ca': await readFile(caFile, 'utf8'),
};

function readText(path: string): string {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
  return text;
}

function read(text: string): readonly EnforcerSettings[] {
  const reader = new SettingsReader('server.ini', text);
  const settings = readEnforcerSettings(reader, {
    read: readText,
    modeOf: (path) => (path === '/open' ? 0o644 : 0o640),
  });
  reader.finish();
  return settings;
}

function proxmox(...lines: readonly string[]): Extract<EnforcerSettings, { kind: 'proxmox' }> {
  const [settings] = read(['[proxmox main]', 'token_file = /t', ...lines].join('\n'));
  assert.ok(settings?.kind === 'proxmox');
  return settings;
}

function problemsOf(...lines: readonly string[]): string {
  try {
    read(['[proxmox main]', ...lines].join('\n'));
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('no problem was found');
}

after(() => rm(dirname(caFile), { recursive: true }));

const parts = { clock: new ManualClock(), random: () => 1, soon: setImmediate, marks: new OwnMarks(['test']) };

describe('the sections of enforcers', () => {
  it('are none by default', () => assert.deepEqual(read(''), []));

  it('have the defaults of a server on the Proxmox node itself', () => {
    const { readToken, ...settings } = proxmox();
    assert.deepEqual(settings, {
      kind: 'proxmox',
      name: 'main',
      limits: { maxEntries: 10_000, merge: true, resyncSeconds: 300 },
      endpoint: { scheme: 'https', host: '127.0.0.1', port: 8006, trust: { kind: 'system' } },
      ipset: 'blacklist',
    });
    assert.equal(readToken(), token);
  });

  it('take the limits of each enforcer', () => {
    const { limits } = proxmox('max_entries = 500', 'merge = no', 'resync = 1h');
    assert.deepEqual(limits, { maxEntries: 500, merge: false, resyncSeconds: 3_600 });
  });

  for (const [url, scheme, host, port] of [
    ['https://pve1.example', 'https', 'pve1.example', 8006],
    ['https://pve1.example:443/', 'https', 'pve1.example', 443],
    ['https://[2001:db8::1]:8006', 'https', '2001:db8::1', 8006],
    ['http://127.0.0.1', 'http', '127.0.0.1', 85],
    ['http://127.0.0.1:85', 'http', '127.0.0.1', 85],
    ['http://[::1]:85', 'http', '::1', 85],
  ] as const) {
    it(`take url = ${url}`, () => {
      const { endpoint } = proxmox(`url = ${url}`);
      assert.deepEqual([endpoint.scheme, endpoint.host, endpoint.port], [scheme, host, port]);
    });
  }

  for (const url of [
    'pve1',
    'https://pve1/api2',
    'https://user:secret@pve1',
    'https://pve1:70000',
    'https://[pve1]',
    'https://pve1?x',
    'ftp://pve1',
    'http://pve1:85',
    'http://192.0.2.1:85',
    'http://localhost:85',
    'http://0.0.0.0:85',
  ]) {
    it(`refuse url = ${url}`, () =>
      assert.match(problemsOf('token_file = /t', `url = ${url}`), /\[proxmox main\] url/));
  }

  it('take an authority or a pin, with colons or without', () => {
    const pin = 'AB:'.repeat(31).concat('CD');
    const { endpoint } = proxmox(`pin = ${pin}`);
    const sha256 = `${'ab'.repeat(31)}cd`;
    assert.deepEqual(endpoint.scheme === 'https' && endpoint.trust, { kind: 'pin', sha256 });
    const byCa = proxmox('ca = /ca').endpoint;
    assert.ok(byCa.scheme === 'https' && byCa.trust.kind === 'ca');
    assert.match(byCa.trust.readPem(), /BEGIN CERTIFICATE/);
  });

  for (const [lines, text] of [
    [['token_file = /t', 'ca = /ca', `pin = ${'ab'.repeat(32)}`], /pin: given beside ca/],
    [['token_file = /t', 'pin = abc'], /pin: "abc": allowed is the SHA-256/],
    [['token_file = /t', 'ca = /nowhere'], /main\] ca: \/nowhere cannot be read: it is not there$/],
    [['token_file = /t', 'ca = /t'], /ini:3: .* ca: \/t does not hold a certificate in PEM form/],
    [['token_file = /t', 'url = http://127.0.0.1:85', 'ca = /ca'], /ca: has no use with http/],
    [[], /token_file: is missing: a file with USER@REALM!TOKENID=SECRET/],
    [
      ['token_file = /t', `token = ${token}`],
      /^server\.ini:3: \[proxmox main\] token: given beside token_file: leave one of them out$/,
    ],
    [
      ['token_file = /t', 'token = x'],
      /^server\.ini:3: .*leave one of them out\nserver\.ini:3: .* token: what stands here does/,
    ],
    [['', '', 'token_file = /nowhere'], /ini:4: .* token_file: \/nowhere cannot be read: it is not there$/],
    [['token_file = /open'], /ini:2: .* token_file: \/open has mode 0644, .*: chmod o= \/open$/],
    [['token_file = /empty'], /token_file: \/empty does not hold/],
    [['token = root@pam=secret'], /token: what stands here does not hold USER@REALM!TOKENID=SECRET/],
    [['token_file = /t', 'ipset = Blacklist'], /ipset: "Blacklist": allowed is 2–64 of a-z/],
    [['token_file = /t', 'ipset = b'], /ipset: "b"/],
    [['token_file = /t', 'max_entries = 0'], /max_entries: "0"/],
    [['token_file = /t', 'resync = 1s'], /resync: "1s"/],
    [['token_file = /t', 'tokn = x'], /server\.ini:3: \[proxmox main\] tokn: unknown key: did you mean token\?/],
  ] as const) {
    it(`refuse ${lines.join(', ') || 'a section without a token'}`, () => assert.match(problemsOf(...lines), text));
  }

  it('do not show a token that is wrong', () => {
    assert.doesNotMatch(problemsOf('token = root@pam=verysecret'), /verysecret/);
  });

  it('refuse a name that does not fit in a log line', () => {
    assert.throws(() => read('[proxmox a b]\ntoken_file = /t'), /the name of a section is/);
  });

  it('may be many, each its own', () => {
    const settings = read('[proxmox a]\ntoken_file = /t\n[dry-run]\nmax_entries = 5\n[proxmox b]\ntoken_file = /t');
    assert.deepEqual(
      settings.map(({ name }) => name),
      ['a', 'b', 'dry-run'],
    );
    const opened = settings.flatMap((section) => openFirewalls(section, parts));
    assert.deepEqual(
      opened.map(({ enforcer }) => enforcer.name),
      ['proxmox/a', 'proxmox/b', 'dry-run'],
    );
    assert.deepEqual(
      opened.map(({ limits }) => limits.maxEntries),
      [10_000, 10_000, 5],
    );
  });

  it('do not show the token when they are printed', () => {
    const settings = read(`[proxmox a]\ntoken = ${token}`);
    const opened = settings.flatMap((section) => openFirewalls(section, parts));
    assert.ok(!inspect([settings, opened], { depth: 12, showHidden: true }).includes('555555555555'));
  });
});
