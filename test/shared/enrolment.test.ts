import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Enrolment, formatEnrolment, parseEnrolment } from '../../shared/enrolment.ts';

const key = `abcdefgh.${'A'.repeat(43)}`;
const pin = '0a'.repeat(32);

const enrolments: readonly [string, Enrolment, string][] = [
  [
    'a pinned certificate',
    { client: 'web1', host: 'pve.example', port: 1514, key, pin },
    `fail2networkban://web1@pve.example:1514/?key=${key}&pin=sha256:${pin}`,
  ],
  [
    "the system's authorities, over IPv6",
    { client: 'web1', host: '2001:db8::1', port: 443, key },
    `fail2networkban://web1@[2001:db8::1]:443/?key=${key}&ca=system`,
  ],
  [
    'no TLS',
    { client: 'web-1.lan', host: '192.0.2.1', port: 1514, key, plaintext: true },
    `fail2networkban://web-1.lan@192.0.2.1:1514/?key=${key}&plaintext=yes`,
  ],
];
for (const [name, enrolment, line] of enrolments) {
  test(`writes and reads an enrolment line with ${name}`, () => {
    assert.equal(formatEnrolment(enrolment), line);
    assert.deepEqual(parseEnrolment(`  ${line}\n`), enrolment);
  });
}

test('reads an enrolment line as it is pasted from what `client add` prints, in quotes or with the command', () => {
  const [, enrolment, line] = enrolments[0] ?? assert.fail();
  for (const before of ['', 'fail2networkban enroll ', 'fail2networkban enroll --force ']) {
    assert.deepEqual(parseEnrolment(`  ${before}'${line}'\n`), enrolment);
  }
});

const wrong: readonly [string, string, RegExp][] = [
  ['another scheme', `https://web1@pve:1514/?key=${key}&ca=system`, /is not of the form/],
  ['no client', `fail2networkban://pve:1514/?key=${key}&ca=system`, /client name ""/],
  ['a short key', 'fail2networkban://web1@pve:1514/?key=abc.def&ca=system', /the key .* is not KEYID/],
  ['no trust', `fail2networkban://web1@pve:1514/?key=${key}`, /needs pin=/],
  ['a short pin', `fail2networkban://web1@pve:1514/?key=${key}&pin=sha256:0a`, /"sha256:0a" is not/],
  ['an unknown part', `fail2networkban://web1@pve:1514/?key=${key}&ca=system&pim=1`, /"pim"/],
];
for (const [name, line, sentence] of wrong) {
  test(`says what is wrong with an enrolment line with ${name}, without the key`, () => {
    const parsed = parseEnrolment(line);
    assert.ok(typeof parsed === 'string');
    assert.match(parsed, sentence);
    assert.doesNotMatch(parsed, /AAAA/);
  });
}
