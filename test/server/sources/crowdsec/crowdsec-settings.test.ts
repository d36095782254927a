import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CrowdsecSettings, readCrowdsecSettings } from '../../../../server/sources/crowdsec/crowdsec-settings.ts';
import { ConfigError } from '../../../../shared/errors.ts';
import { SettingsReader } from '../../../../shared/settings-reader.ts';

const key = 'api_key = 0123456789abcdef';

function read(lines: readonly string[], mode = 0o600): readonly CrowdsecSettings[] {
  const reader = new SettingsReader('server.ini', lines.join('\n'));
  const files = { read: (path: string) => (path === '/etc/key' ? ' from-a-file\n' : ''), modeOf: () => mode };
  const settings = readCrowdsecSettings(reader, files, 20_000);
  reader.finish();
  return settings;
}

function problemOf(lines: readonly string[], mode?: number): string {
  try {
    read(lines, mode);
    return 'none';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => `${problem.key}: ${problem.detail}`).join('; ');
  }
}

describe('[crowdsec NAME]', () => {
  it('needs a key only: local decisions of the CrowdSec on this host', () => {
    const [settings] = read(['[crowdsec main]', key]);
    const { readKey, ...rest } = settings ?? assert.fail();
    assert.equal(readKey(), '0123456789abcdef');
    assert.deepEqual(rest, {
      name: 'main',
      endpoint: { scheme: 'http', host: '127.0.0.1', port: 8080 },
      filter: { origins: ['crowdsec', 'cscli', 'cscli-import', 'appsec', 'console'], scenarios: ['*'] },
      most: 5_000,
      pollSeconds: 10,
    });
  });

  it('is read key by key', () => {
    const [settings] = read([
      '[crowdsec edge]',
      'url = https://crowdsec.example',
      'api_key_file = /etc/key',
      'origins = CAPI, lists:mine',
      'scenarios = crowdsecurity/ssh-*, http:scan',
      'most = 20000',
      'poll = 5m',
    ]);
    const { readKey, ...rest } = settings ?? assert.fail();
    assert.equal(readKey(), 'from-a-file');
    assert.deepEqual(rest, {
      name: 'edge',
      endpoint: { scheme: 'https', host: 'crowdsec.example', port: 8080, trust: { kind: 'system' } },
      filter: { origins: ['CAPI', 'lists:mine'], scenarios: ['crowdsecurity/ssh-*', 'http:scan'] },
      most: 20_000,
      pollSeconds: 300,
    });
    const [any] = read(['[crowdsec main]', key, 'origins = *']);
    assert.equal(any?.filter.origins, undefined);
  });

  for (const [lines, problem] of [
    [['url = http://127.0.0.1:8080'], /api_key_file: is missing: a file with the key that cscli/],
    [[key, 'api_key_file = /etc/key'], /api_key: given beside api_key_file/],
    [['api_key = two words'], /api_key: what stands here does not hold the key/],
    [[key, 'url = http://192.0.2.1:8080'], /url: http:\/\/192.0.2.1: without TLS only a loopback address/],
    [[key, 'url = http://127.0.0.1:8080/v1'], /url: .* allowed is https:\/\/HOST/],
    [[key, 'origins = crowdsec, two words'], /origins: "two words": allowed are names/],
    [[key, 'origins = crowdsec, *'], /origins: "\*": allowed are names/],
    [[key, `scenarios = ${'x'.repeat(129)}`], /scenarios: .* allowed are patterns of 1–128/],
    [[key, `origins = ${Array(101).fill('x').join(',')}`], /origins: 101 of them: at most 100/],
    [[key, 'most = 0'], /most: "0": allowed is a whole number from 1 to 50000/],
    [[key, 'most = 20001'], /most: 20001 is more than \[policy\] reports_per_client = 20000/],
    [[key, 'poll = 0s'], /poll: "0s": allowed is a duration/],
    [[key, 'pol = 1s'], /pol: unknown key/],
  ] as const) {
    it(`does not take ${lines.at(-1)?.slice(0, 40)}`, () => {
      assert.match(problemOf(['[crowdsec main]', ...lines]), problem);
    });
  }

  it('takes no name that is no name of a client, and no key that everybody may read', () => {
    assert.match(problemOf(['[crowdsec a/b]', key]), /the name of a section is/);
    assert.match(
      problemOf(['[crowdsec main]', 'api_key_file = /etc/key'], 0o644),
      /everybody on this host may read it/,
    );
  });
});
