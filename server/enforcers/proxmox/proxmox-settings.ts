import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { withoutBrackets } from '../../../shared/authority.ts';
import { describeError, describeFileError } from '../../../shared/errors.ts';
import { clientAlphabet, clientPattern } from '../../../shared/names.ts';
import { covers, parseNetwork } from '../../../shared/network.ts';
import { quote } from '../../../shared/refusal.ts';
import type { SectionReader } from '../../../shared/section-reader.ts';
import type { SettingsReader } from '../../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../../configured-files.ts';
import { type EnforcerLimits, readLimits } from '../limits.ts';
import type { ProxmoxEndpoint, Trust } from './proxmox-endpoint.ts';
import { CredentialError } from './proxmox-errors.ts';

/** A `[proxmox NAME]` section. */
export interface ProxmoxSettings {
  readonly kind: 'proxmox';
  readonly name: string;
  readonly limits: EnforcerLimits;
  readonly endpoint: ProxmoxEndpoint;
  /**
   * `USER@REALM!TOKENID=SECRET`, read anew each time.
   *
   * @throws CredentialError
   */
  readonly readToken: () => string;
  readonly ipset: string;
}

/** pveum's rules for ids, and what may stand in a header. */
const tokenPattern = /^[^\s:/]+@[A-Za-z][\w.-]*![A-Za-z][\w.-]*=[\w-]+$/;
const tokenForm = 'USER@REALM!TOKENID=SECRET on one line';
const urlPattern = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?\/?$/;
/** Proxmox folds names to lower case when it reads them, but not when it writes them (Firewall.pm). */
const ipsetPattern = /^[a-z][a-z0-9_-]{1,63}$/;

export function readProxmoxSettings(reader: SettingsReader, files: ConfiguredFiles): readonly ProxmoxSettings[] {
  return Array.from(reader.named('proxmox'), ([name, section]) => {
    if (!clientPattern.test(name)) section.problem(quote(name), `the name of a section is ${clientAlphabet}`);
    return {
      kind: 'proxmox',
      name,
      limits: readLimits(section),
      endpoint: readEndpoint(section, files),
      readToken: tokenReader(section, files),
      ipset: section.matching('ipset', 'blacklist', ipsetPattern, '2–64 of a-z 0-9 _ -, beginning with a letter'),
    };
  });
}

function readEndpoint(section: SectionReader, files: ConfiguredFiles): ProxmoxEndpoint {
  const trust = readTrust(section, files);
  const text = section.text('url', 'https://127.0.0.1:8006');
  const [, scheme, bracketed, portText] = urlPattern.exec(text) ?? [];
  const host = withoutBrackets(bracketed ?? '127.0.0.1');
  const port = Number(portText ?? (scheme === 'http' ? 85 : 8006));
  if (scheme === undefined || port > 65_535 || (bracketed?.startsWith('[') && isIP(host) !== 6)) {
    section.problem(
      'url',
      `${quote(text)}: allowed is https://HOST or https://HOST:PORT without a path, or http://127.0.0.1:85`,
    );
  }
  if (scheme !== 'http') return { scheme: 'https', host, port, trust };
  if (!isLoopback(host))
    section.problem(
      'url',
      `${quote(text)}: without TLS only a loopback address: the token would be readable on the network`,
    );
  if (trust.kind !== 'system') section.problem(trust.kind, 'has no use with http: leave it out');
  return { scheme: 'http', host, port };
}

const loopback = ['127.0.0.0/8', '::1'].map(parseNetwork);

/** Addresses only: who a name stands for is for /etc/hosts and the DNS to say. */
function isLoopback(host: string): boolean {
  const address = parseNetwork(host);
  return address !== undefined && loopback.some((network) => network !== undefined && covers(network, address));
}

function readTrust(section: SectionReader, files: ConfiguredFiles): Trust {
  const ca = section.optional('ca');
  const pin = section.pin('pin');
  if (ca !== undefined && pin !== undefined) section.problem('pin', 'given beside ca: leave one of them out');
  if (pin !== undefined) return { kind: 'pin', sha256: pin };
  if (ca === undefined) return { kind: 'system' };
  const readPem = (): string => readAuthority(ca, files);
  report(section, 'ca', readPem);
  return { kind: 'ca', readPem };
}

function tokenReader(section: SectionReader, files: ConfiguredFiles): () => string {
  const inline = section.optional('token');
  const file = section.optional('token_file');
  if (inline === undefined && file === undefined) section.problem('token_file', `is missing: a file with ${tokenForm}`);
  if (inline !== undefined && file !== undefined)
    section.problem('token', 'given beside token_file: leave one of them out');
  const readToken = (): string => {
    const token = (inline ?? readSecretFile(file ?? '', files)).trim();
    if (!tokenPattern.test(token))
      throw new CredentialError(`${inline === undefined ? file : 'what stands here'} does not hold ${tokenForm}`);
    return token;
  };
  if (inline !== undefined) report(section, 'token', readToken);
  else if (file !== undefined) {
    report(section, 'token_file', readToken);
    if (!section.isWrong('token_file')) refuseOpen(file, section, files);
  }
  return readToken;
}

/** Whoever reads the token may change the firewall of the whole cluster. The owner's group may be the service's. */
function refuseOpen(file: string, section: SectionReader, files: ConfiguredFiles): void {
  const mode = files.modeOf(file);
  if ((mode & 0o007) === 0) return;
  section.problem(
    'token_file',
    `${file} has mode ${mode.toString(8).padStart(4, '0')}, so everybody on this host may read it: chmod 600 ${file}`,
  );
}

/** A secret that cannot be used is said at the start, not at the first ban. */
function report(section: SectionReader, key: string, read: () => string): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    section.problem(key, describeError(error));
  }
}

function readSecretFile(path: string, { read }: ConfiguredFiles): string {
  try {
    return read(path);
  } catch (cause) {
    throw new CredentialError(`${path} cannot be read: ${describeFileError(cause)}`);
  }
}

/** TLS takes what is no certificate for no authority at all, without a word. */
function readAuthority(path: string, files: ConfiguredFiles): string {
  const pem = readSecretFile(path, files);
  try {
    new X509Certificate(pem);
  } catch {
    throw new CredentialError(`${path} does not hold a certificate in PEM form`);
  }
  return pem;
}
