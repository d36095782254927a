import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fingerprintOf, matchesPin, parsePin, pinOf } from '../../shared/pin.ts';
import { makeCertificates } from '../certificates.ts';

test('a certificate matches by its public key and as a whole, and no other certificate does', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'pin-'));
  t.after(() => rm(dir, { recursive: true }));
  const [own, other] = await Promise.all(['own', 'other'].map((name) => certificateIn(join(dir, name))));
  assert.ok(own !== undefined && other !== undefined);
  assert.ok(matchesPin(own, pinOf(own)));
  assert.ok(matchesPin(own, fingerprintOf(own)));
  assert.ok(!matchesPin(other, pinOf(own)));
  assert.ok(!matchesPin(other, fingerprintOf(own)));
});

test('the pin is the SHA-256 of the public key alone, so that a renewed certificate keeps it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'pin-'));
  t.after(() => rm(dir, { recursive: true }));
  const certificate = await certificateIn(dir);
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  assert.equal(pinOf(certificate), createHash('sha256').update(publicKey).digest('hex'));
});

test('reads a fingerprint as openssl and browsers show it', () => {
  assert.equal(parsePin(`SHA256:${'0A:'.repeat(31)}0A`), '0a'.repeat(32));
  assert.equal(parsePin('0a'), undefined);
});

async function certificateIn(dir: string): Promise<X509Certificate> {
  const { certFile } = await makeCertificates(dir);
  return new X509Certificate(await readFile(certFile));
}
