import { createHash, type X509Certificate } from 'node:crypto';

/**
 * The pin of a certificate: SHA-256 of its public key (SubjectPublicKeyInfo, RFC 7469 §2.4), 64 lower-case hexadecimal
 * digits. Proxmox renews its certificate every two years with the same key, so this pin outlives the certificate.
 */
export function pinOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** SHA-256 of a whole certificate, as `openssl x509 -fingerprint` and Proxmox's own pages show it; 64 lower-case digits. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Whether a certificate is the pinned one, by its public key or as a whole. */
export function matchesPin(certificate: X509Certificate, pin: string): boolean {
  return pin === pinOf(certificate) || pin === fingerprintOf(certificate);
}

/** 64 lower-case digits of a SHA-256 fingerprint in any usual spelling, or undefined. */
export function parsePin(text: string): string | undefined {
  const digits = text
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}
