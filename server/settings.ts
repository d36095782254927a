import { join } from 'node:path';
import { defaultPort } from '../shared/frames.ts';
import { type LogLevel, logLevels } from '../shared/host/log.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import { quote } from '../shared/refusal.ts';
import { type SectionReader, SettingsReader } from '../shared/settings-reader.ts';
import { type EnforcerSettings, readEnforcerSettings } from './enforcers/settings.ts';
import type { PolicySettings } from './policy/policy.ts';

/** Certificate chain and key, by file. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What server.ini says. */
export interface ServerSettings {
  readonly name: string;
  /** Undefined: all addresses. */
  readonly listen: string | undefined;
  readonly port: number;
  /** Host name or address by which agents reach this server; it goes into enrolment lines. */
  readonly publicHost: string;
  /** Undefined: without TLS. */
  readonly tls: CertificateFiles | undefined;
  readonly database: string;
  readonly socket: string;
  readonly historyDays: number;
  readonly logLevel: LogLevel;
  readonly policy: PolicySettings;
  /** All of it. */
  readonly whitelist: readonly Network[];
  /** What of it stands in `whitelist_file`. */
  readonly whitelistFromFile: readonly Network[];
  readonly enforcers: readonly EnforcerSettings[];
}

/** What the host hands to the reading of server.ini. */
export interface SettingsSource {
  readonly file: string;
  readonly hostname: string;
  /** systemd's folder of credentials, if it made one. */
  readonly credentialsFolder: string | undefined;
  /** @throws Error when the file cannot be read */
  readonly readFile: (path: string) => string;
}

export const defaultConfigFile = '/etc/fail2networkban/server.ini';

/** The Proxmox host's own certificate, which pveproxy serves too. */
const proxmoxCertificate = { certificate: '/etc/pve/local/pve-ssl.pem', key: '/etc/pve/local/pve-ssl.key' };

/** Loose on purpose: it keeps out what is something else altogether; whether the address is there, listening tells. */
const addressPattern = /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+)$/;
const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+)$/;
/** unix(7): 108 bytes with the zero at the end. */
const socketPattern = /^\/[\x20-\x7e]{0,106}$/;

/**
 * Where the running server listens for the operator. The rest of the file may be wrong: a slip of the pen must not stand in
 * the way of `panic`.
 */
export function readSocketPath(source: SettingsSource): string {
  return readSocket(new SettingsReader(source.file, source.readFile(source.file)).section('server'));
}

/** @throws ConfigError with everything that is wrong */
export function readServerSettings(source: SettingsSource): ServerSettings {
  const reader = new SettingsReader(source.file, source.readFile(source.file));
  const server = reader.section('server');
  const policy = reader.section('policy');
  const whitelistFromFile = readWhitelistFile(policy, source);
  const settings: ServerSettings = {
    name: server.matching('name', source.hostname, /^[^\p{Cc}]{1,64}$/u, '1–64 characters, no control characters'),
    listen: server.matching('listen', '', addressPattern, 'an IPv4 or IPv6 address of this host') || undefined,
    port: server.integer('port', defaultPort, 0, 65_535),
    publicHost: server.matching('public_host', source.hostname, hostPattern, 'a host name or address, without port'),
    tls: readTls(server, source),
    database: server.matching('database', '/var/lib/fail2networkban/ledger.db', /^\//, 'an absolute path'),
    socket: readSocket(server),
    historyDays: server.integer('history_days', 90, 1, 36_500),
    logLevel: server.choice('log_level', 'info', logLevels),
    policy: {
      allowPrivate: policy.flag('private', false),
      widest: { 4: policy.integer('widest_ipv4', 16, 1, 32), 6: policy.integer('widest_ipv6', 32, 1, 128) },
      reportsPerClientMax: policy.integer('reports_per_client', 20_000, 1, 10_000_000),
    },
    whitelist: [...policy.networks('whitelist'), ...whitelistFromFile],
    whitelistFromFile,
    enforcers: readEnforcerSettings(reader, source.readFile),
  };
  reader.finish();
  return settings;
}

function readSocket(server: SectionReader): string {
  return server.matching(
    'socket',
    '/run/fail2networkban/admin.sock',
    socketPattern,
    'an absolute path, at most 107 bytes',
  );
}

/** Files of the configuration, else systemd credentials, else the Proxmox host's own. */
function readTls(section: SectionReader, { credentialsFolder }: SettingsSource): CertificateFiles | undefined {
  const certificate = section.optional('certificate');
  const key = section.optional('certificate_key');
  if (section.flag('plaintext', false)) {
    if (certificate !== undefined)
      section.problem('plaintext', 'yes, while a certificate is given: leave one of them out');
    return undefined;
  }
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate !== undefined || key !== undefined) {
    section.problem(certificate === undefined ? 'certificate' : 'certificate_key', 'is missing: both are needed');
  }
  if (credentialsFolder === undefined) return proxmoxCertificate;
  return { certificate: join(credentialsFolder, 'certificate'), key: join(credentialsFolder, 'certificate-key') };
}

/** One network a line; `#` begins a comment. */
function readWhitelistFile(section: SectionReader, { readFile }: SettingsSource): Network[] {
  const file = section.optional('whitelist_file');
  if (file === undefined) return [];
  const networks: Network[] = [];
  for (const [index, line] of readFile(file).split('\n').entries()) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') continue;
    const network = parseNetwork(text);
    if (network === undefined)
      section.problem('whitelist_file', `${file}:${index + 1}: ${quote(text)} is not an address or CIDR`);
    else networks.push(network);
  }
  return networks;
}
