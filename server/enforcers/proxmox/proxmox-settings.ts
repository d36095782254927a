import { isIP } from 'node:net';
import { describeError } from '../../../shared/errors.ts';
import { clientAlphabet, clientPattern } from '../../../shared/names.ts';
import { covers, parseNetwork } from '../../../shared/network.ts';
import { quote } from '../../../shared/refusal.ts';
import type { SectionReader, SettingsReader } from '../../../shared/settings-reader.ts';
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

type ReadFile = (path: string) => string;

/** pveum's rules for ids, and what may stand in a header. */
const tokenPattern = /^[^\s:/]+@[A-Za-z][\w.-]*![A-Za-z][\w.-]*=[\w-]+$/;
const tokenForm = 'USER@REALM!TOKENID=SECRET on one line';
const urlPattern = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?\/?$/;
/** Proxmox folds names to lower case when it reads them, but not when it writes them (Firewall.pm). */
const ipsetPattern = /^[a-z][a-z0-9_-]{1,63}$/;

export function readProxmoxSettings(reader: SettingsReader, readFile: ReadFile): readonly ProxmoxSettings[] {
  return Array.from(reader.named('proxmox'), ([name, section]) => {
    if (!clientPattern.test(name)) section.problem(quote(name), `the name of a section is ${clientAlphabet}`);
    return {
      kind: 'proxmox',
      name,
      limits: readLimits(section),
      endpoint: readEndpoint(section, readFile),
      readToken: tokenReader(section, readFile),
      ipset: section.matching('ipset', 'blacklist', ipsetPattern, '2–64 of a-z 0-9 _ -, beginning with a letter'),
    };
  });
}

function readEndpoint(section: SectionReader, readFile: ReadFile): ProxmoxEndpoint {
  const trust = readTrust(section, readFile);
  const text = section.text('url', 'https://127.0.0.1:8006');
  const [, scheme, bracketed, portText] = urlPattern.exec(text) ?? [];
  const host = (bracketed ?? '127.0.0.1').replace(/^\[|\]$/g, '');
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

function readTrust(section: SectionReader, readFile: ReadFile): Trust {
  const ca = section.optional('ca');
  const pin = section.matching(
    'pin',
    '',
    /^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/,
    'the SHA-256 of a certificate or its public key: 64 hexadecimal digits, colons between them or not',
  );
  if (ca !== undefined && pin !== '') section.problem('pin', 'given beside ca: leave one of them out');
  if (pin !== '') return { kind: 'pin', sha256: pin.replaceAll(':', '').toLowerCase() };
  if (ca === undefined) return { kind: 'system' };
  const readPem = (): string => readSecretFile(ca, readFile);
  report(section, 'ca', readPem);
  return { kind: 'ca', readPem };
}

function tokenReader(section: SectionReader, readFile: ReadFile): () => string {
  const inline = section.optional('token');
  const file = section.optional('token_file');
  if ((inline === undefined) === (file === undefined)) {
    section.problem(
      'token_file',
      inline === undefined ? `is missing: a file with ${tokenForm}` : 'given beside token: leave one of them out',
    );
  }
  const readToken = (): string => {
    const token = (inline ?? readSecretFile(file ?? '', readFile)).trim();
    if (!tokenPattern.test(token)) throw new CredentialError(`${file ?? 'token'} does not hold ${tokenForm}`);
    return token;
  };
  if (inline !== undefined || file !== undefined)
    report(section, file === undefined ? 'token' : 'token_file', readToken);
  return readToken;
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

function readSecretFile(path: string, readFile: ReadFile): string {
  try {
    return readFile(path);
  } catch (cause) {
    throw new CredentialError(`${path} cannot be read`, { cause });
  }
}
