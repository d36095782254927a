import { createHash, type webcrypto } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
// The certificate library's dependency injection reads this registry while it loads, so it comes first.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** Where the files of one made authority and its server certificate are. */
export interface Certificates {
  /** PEM of the authority, the file that a client pins. */
  readonly caFile: string;
  /** PEM of the server certificate followed by the authority's. */
  readonly certFile: string;
  /** PEM (PKCS #8) of the server's private key, mode 0600. */
  readonly keyFile: string;
  /** SHA-256 of the server certificate as Node shows it: upper-case pairs with colons. */
  readonly fingerprint256: string;
}

/** How the server certificate is made. */
export interface CertificateOptions {
  /** Days until both certificates end; 30 by default. Not looked at when `notAfter` is given. */
  readonly validDays?: number;
  /** The instant at which the server certificate ends; in the past makes an expired one. */
  readonly notAfter?: Date;
  /** The server's key; EC P-256 by default. The authority's is always that. */
  readonly keys?: 'ec' | 'rsa';
  /** DNS names and addresses that the certificate is for; 127.0.0.1, ::1 and localhost by default. */
  readonly hosts?: readonly string[];
}

const DAY_MS = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** As Proxmox makes its own; some tenths of a second to generate. */
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};

/**
 * Makes an authority and a server certificate (EC P-256) in `dir`, which is created when missing: `ca.pem`, `cert.pem`
 * and `key.pem`. Needs no openssl.
 *
 * @throws when the folder cannot be written
 */
export async function makeCertificates(dir: string, options: CertificateOptions = {}): Promise<Certificates> {
  const notAfter = options.notAfter ?? new Date(Date.now() + (options.validDays ?? 30) * DAY_MS);
  const notBefore = new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS);
  const authorityKeys = await makeKeys();
  const authority = await makeAuthority(authorityKeys, notBefore);
  const keys = await makeKeys(options.keys === 'rsa' ? RSA : ALGORITHM);
  const certificate = await X509CertificateGenerator.create({
    issuer: authority.subject,
    subject: 'CN=emulated server',
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension(
        (options.hosts ?? ['127.0.0.1', '::1', 'localhost']).map((host) => ({
          type: isIP(host) === 0 ? 'dns' : 'ip',
          value: host,
        })),
      ),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ],
  });
  return await writeCertificates(dir, authority, certificate, keys.privateKey);
}

async function makeKeys(algorithm: typeof ALGORITHM | typeof RSA = ALGORITHM): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** The authority outlives any server certificate made here, so that only the latter can be the expired one. */
async function makeAuthority(keys: webcrypto.CryptoKeyPair, notBefore: Date): Promise<X509Certificate> {
  return await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test authority',
    notBefore,
    notAfter: new Date(Date.now() + 3650 * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
}

async function writeCertificates(
  dir: string,
  authority: X509Certificate,
  certificate: X509Certificate,
  privateKey: webcrypto.CryptoKey,
): Promise<Certificates> {
  const files = { caFile: join(dir, 'ca.pem'), certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  await mkdir(dir, { recursive: true });
  await writeFile(files.caFile, `${authority.toString('pem')}\n`);
  await writeFile(files.certFile, `${certificate.toString('pem')}\n${authority.toString('pem')}\n`);
  await writeFile(files.keyFile, `${key}\n`, { mode: 0o600 });
  // The mode above only counts for a file that is new.
  await chmod(files.keyFile, 0o600);
  return { ...files, fingerprint256: fingerprintOf(certificate) };
}

function fingerprintOf(certificate: X509Certificate): string {
  const hex = createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex').toUpperCase();
  return (hex.match(/../g) ?? []).join(':');
}
