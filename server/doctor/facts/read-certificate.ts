import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { describeError } from '../../../shared/errors.ts';
import type { CertificateFiles } from '../../settings.ts';

/** What is known of the certificate that the server shows to hosts. */
export type CertificateFacts =
  /** Without TLS. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string }
  | {
      readonly kind: 'read';
      readonly file: string;
      /** Milliseconds since the epoch. */
      readonly validFromMs: number;
      readonly validUntilMs: number;
      /** Whether the key file holds the key of this certificate. */
      readonly isOfKey: boolean;
      /** As in enrolment lines. */
      readonly publicHost: string;
      readonly isForPublicHost: boolean;
      /** Names and addresses that it is for, as OpenSSL writes them. */
      readonly names: string;
      /** 64 hexadecimal digits, lower case. */
      readonly sha256: string;
    };

export async function readCertificate(
  files: CertificateFiles | undefined,
  publicHost: string,
): Promise<CertificateFacts> {
  if (files === undefined) return { kind: 'none' };
  const certificate = await readAs(files.certificate, (pem) => new X509Certificate(pem));
  if ('reason' in certificate) return certificate;
  const key = await readAs(files.key, (pem) => createPrivateKey(pem));
  if ('reason' in key) return key;
  const { value } = certificate;
  return {
    kind: 'read',
    file: files.certificate,
    validFromMs: Date.parse(value.validFrom),
    validUntilMs: Date.parse(value.validTo),
    isOfKey: value.checkPrivateKey(key.value),
    publicHost,
    isForPublicHost: isFor(value, publicHost),
    names: value.subjectAltName ?? value.subject,
    sha256: value.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

type ReadFile<Value> =
  | { readonly value: Value }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string };

async function readAs<Value>(file: string, parse: (pem: Buffer) => Value): Promise<ReadFile<Value>> {
  try {
    return { value: parse(await readFile(file)) };
  } catch (error) {
    return { kind: 'unreadable', file, reason: describeError(error) };
  }
}
