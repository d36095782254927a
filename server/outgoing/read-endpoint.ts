import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { withoutBrackets } from '../../shared/authority.ts';
import { covers, parseNetwork } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { ConfiguredFiles } from '../configured-files.ts';
import type { Endpoint, Trust } from './endpoint.ts';
import { OutgoingError } from './outgoing-error.ts';
import { readConfigured, reportUnusable } from './read-secret.ts';

/** What `url` may be in a section. */
export interface UrlRules {
  /** Undefined: it must be given. */
  readonly fallback: string | undefined;
  /** Where the URL names none. */
  readonly ports: { readonly https: number; readonly http: number };
  /** The way to say it without TLS, in words. */
  readonly plain: string;
}

const urlPattern = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?(\/[\x21\x22\x24-\x7e]*)?$/;
/** Path and query of a URL, which may carry a long token. */
const targetMaxCharacters = 2_000;

/** `url`, and `ca` or `pin` by which the server proves itself. Without TLS only on a loopback address. */
export function readEndpoint(section: SectionReader, files: ConfiguredFiles, rules: UrlRules): Endpoint {
  const allowed = `https://HOST or https://HOST:PORT without a path, or ${rules.plain}`;
  return endpointOf(section, files, readUrl(section, rules, { allowed, targetMax: 1 }));
}

/** The same where `url` has a path, perhaps with a query. */
export function readTarget(
  section: SectionReader,
  files: ConfiguredFiles,
  rules: UrlRules,
): { readonly endpoint: Endpoint; readonly target: string } {
  const allowed = `https://HOST/PATH or https://HOST:PORT/PATH, or ${rules.plain}`;
  const url = readUrl(section, rules, { allowed, targetMax: targetMaxCharacters });
  return { endpoint: endpointOf(section, files, url), target: url.target };
}

function endpointOf(section: SectionReader, files: ConfiguredFiles, { scheme, host, port }: Url): Endpoint {
  const trust = readTrust(section, files);
  if (scheme === 'https') return { scheme, host, port, trust };
  if (!isLoopback(host))
    section.problem(
      'url',
      `http://${host}: without TLS only a loopback address: the secret would be readable on the network`,
    );
  if (trust.kind !== 'system') section.problem(trust.kind, 'has no use with http: leave it out');
  return { scheme, host, port };
}

interface Url {
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  /** Path and query; `/` without. */
  readonly target: string;
}

function readUrl(
  section: SectionReader,
  { fallback, ports }: UrlRules,
  { allowed, targetMax }: { readonly allowed: string; readonly targetMax: number },
): Url {
  const text = fallback === undefined ? section.required('url', allowed) : section.text('url', fallback);
  const [, given, bracketed, portText, target = '/'] = urlPattern.exec(text) ?? [];
  const scheme = given === 'http' ? 'http' : 'https';
  const host = withoutBrackets(bracketed ?? '127.0.0.1');
  const port = Number(portText ?? ports[scheme]);
  const isWrongHost = bracketed?.startsWith('[') && isIP(host) !== 6;
  const isWrong = given === undefined || port > 65_535 || target.length > targetMax || isWrongHost;
  if (isWrong && !section.isWrong('url')) section.problem('url', `${quote(text)}: allowed is ${allowed}`);
  return { scheme, host, port, target };
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
  reportUnusable(section, 'ca', readPem);
  return { kind: 'ca', readPem };
}

/** TLS takes what is no certificate for no authority at all, without a word. */
function readAuthority(path: string, files: ConfiguredFiles): string {
  const pem = readConfigured(path, files);
  try {
    new X509Certificate(pem);
  } catch {
    throw new OutgoingError('credential', `${path} does not hold a certificate in PEM form`);
  }
  return pem;
}
