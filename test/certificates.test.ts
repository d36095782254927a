import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkServerIdentity, connect, createServer, type TLSSocket } from 'node:tls';
import { type Certificates, makeCertificates } from './certificates.ts';

describe('makeCertificates', () => {
  let dir: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'certificates-'));
  });

  after(() => rm(dir, { recursive: true }));

  it('makes a server certificate that a client accepts for every host named, and only through its authority', async () => {
    const made = await makeCertificates(join(dir, 'good'));
    await handshake(made, { ca: await readFile(made.caFile), checkFor: 'localhost' });
    await handshake(made, { ca: await readFile(made.caFile), checkFor: '127.0.0.1' });
    await handshake(made, { ca: await readFile(made.caFile), checkFor: '::1' });
    await assert.rejects(handshake(made, { ca: await readFile(made.caFile), checkFor: 'example.org' }), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const other = await makeCertificates(join(dir, 'other'));
    await assert.rejects(handshake(made, { ca: await readFile(other.caFile), checkFor: 'localhost' }), /certificate/);
  });

  it('makes an expired certificate when asked to', async () => {
    const made = await makeCertificates(join(dir, 'expired'), { notAfter: new Date(Date.now() - 1000) });
    await assert.rejects(handshake(made, { ca: await readFile(made.caFile), checkFor: 'localhost' }), {
      code: 'CERT_HAS_EXPIRED',
    });
  });

  it('gives the fingerprint that Node shows, EC keys, the days asked for, and a key that only its owner reads', async () => {
    const made = await makeCertificates(join(dir, 'facts'), { validDays: 2, hosts: ['pve1.example', '192.0.2.1'] });
    const certificate = new X509Certificate(await readFile(made.certFile));
    assert.equal(made.fingerprint256, certificate.fingerprint256);
    assert.equal(certificate.subjectAltName, 'DNS:pve1.example, IP Address:192.0.2.1');
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000), 2);
    assert.equal((await stat(made.keyFile)).mode & 0o777, 0o600);
  });
});

/** One TLS connection to a server with these certificates; rejects with the client's complaint. */
async function handshake(made: Certificates, client: { ca: Buffer; checkFor: string }): Promise<void> {
  const server = createServer({ cert: await readFile(made.certFile), key: await readFile(made.keyFile) });
  server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  const socket = connect({
    host: '127.0.0.1',
    port: address.port,
    ca: client.ca,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(client.checkFor, certificate),
  });
  try {
    await once(socket, 'secureConnect');
  } finally {
    socket.destroy();
    server.close();
  }
}
