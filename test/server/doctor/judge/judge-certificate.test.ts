import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CertificateFacts } from '../../../../server/doctor/facts/read-certificate.ts';
import { judgeCertificate } from '../../../../server/doctor/judge/judge-certificate.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 0, 10);
const good: CertificateFacts = {
  kind: 'read',
  file: '/x.pem',
  validFromMs: nowMs - dayMs,
  validUntilMs: nowMs + 100 * dayMs,
  isOfKey: true,
  publicHost: 'pve1',
  isForPublicHost: true,
  names: 'DNS:pve1',
  sha256: 'aa',
};

describe('the certificate', () => {
  const cases: readonly (readonly [string, CertificateFacts, string | undefined, readonly string[]])[] = [
    ['that is well and in use', good, 'aa', []],
    ['that is well and perhaps in use', good, undefined, []],
    ['that is not in use', good, 'bb', ['warning certificate-not-in-use']],
    ['valid from tomorrow', { ...good, validFromMs: nowMs + 1 }, 'aa', ['broken certificate-not-yet-valid']],
    ['valid until now', { ...good, validUntilMs: nowMs }, 'aa', ['broken certificate-expired']],
    ['valid for a moment', { ...good, validUntilMs: nowMs + 1 }, 'aa', ['warning certificate-expires-soon']],
    ['valid for 14 days', { ...good, validUntilMs: nowMs + 14 * dayMs }, 'aa', []],
    ['of another key', { ...good, isOfKey: false }, 'aa', ['broken certificate-of-other-key']],
    ['of another host', { ...good, isForPublicHost: false }, 'aa', ['warning certificate-of-other-host']],
    [
      'expired and of another host',
      { ...good, validUntilMs: 0, isForPublicHost: false },
      'aa',
      ['broken certificate-expired', 'warning certificate-of-other-host'],
    ],
  ];
  for (const [name, facts, served, expected] of cases) {
    it(`${name}: ${expected.join() || 'nothing'}`, () => {
      assert.deepEqual(
        judgeCertificate(facts, nowMs, served).map(({ level, code }) => `${level} ${code}`),
        expected,
      );
    });
  }
});
