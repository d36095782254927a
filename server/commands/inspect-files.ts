import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeFileError } from '../../shared/errors.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { CertificateFiles, ServerSettings } from '../settings.ts';

/** The unit's StateDirectory and RuntimeDirectory: systemd makes them for the server, with its rights. */
const madeBySystemd: readonly string[] = ['/var/lib/fail2networkban', '/run/fail2networkban'];

/** Opens what `[server]` names, as the server will, as far as the user who asks may. */
export function inspectFiles({ tls, database, socket }: ServerSettings, server: SectionReader): void {
  if (tls !== undefined) inspectCertificate(tls, server);
  inspectFolder('database', database, server);
  inspectFolder('socket', socket, server);
}

function inspectCertificate(files: CertificateFiles, server: SectionReader): void {
  const certificate = open('certificate', files.certificate, server, (pem) => new X509Certificate(pem));
  const key = open('certificate_key', files.key, server, (pem) => createPrivateKey(pem));
  if (certificate === undefined || key === undefined || certificate.checkPrivateKey(key)) return;
  server.problem('certificate_key', `${files.key} is not the key of the certificate ${files.certificate}`);
}

function open<Content extends X509Certificate | KeyObject>(
  key: 'certificate' | 'certificate_key',
  file: string,
  server: SectionReader,
  parse: (pem: Buffer) => Content,
): Content | undefined {
  if (server.isWrong(key)) return undefined;
  const pem = attempt(() => readFileSync(file));
  if ('reason' in pem) server.problem(key, `${file} cannot be read: ${pem.reason}`, pem.cause);
  else {
    const content = attempt(() => parse(pem.value));
    if (!('reason' in content)) return content.value;
    const what = key === 'certificate' ? 'a certificate' : 'a private key without a passphrase';
    server.problem(key, `${file} does not hold ${what} in PEM form`);
  }
  return undefined;
}

function inspectFolder(key: 'database' | 'socket', file: string, server: SectionReader): void {
  const folder = dirname(file);
  if (server.isWrong(key) || madeBySystemd.includes(folder)) return;
  const found = attempt(() => statSync(folder));
  if ('reason' in found) server.problem(key, `its folder ${folder} cannot be used: ${found.reason}`, found.cause);
  else if (!found.value.isDirectory()) server.problem(key, `${folder} is not a folder`);
  else {
    const written = attempt(() => accessSync(folder, constants.W_OK));
    if ('reason' in written) {
      server.problem(key, `nothing can be written to its folder ${folder}: ${written.reason}`, written.cause);
    }
  }
}

type Attempt<Value> = { readonly value: Value } | { readonly reason: string; readonly cause: unknown };

function attempt<Value>(work: () => Value): Attempt<Value> {
  try {
    return { value: work() };
  } catch (error) {
    return { reason: describeFileError(error), cause: error };
  }
}
