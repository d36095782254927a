import { isIP } from 'node:net';
import { join } from 'node:path';
import { type DnsName, dnsNameAllowed } from '../shared/dns/dns-name.ts';
import { describeFileError } from '../shared/errors.ts';
import { defaultPort } from '../shared/frames.ts';
import { type LogFormat, logFormats } from '../shared/host/log-format.ts';
import { type LogLevel, logLevels } from '../shared/host/log-level.ts';
import type { Network } from '../shared/network.ts';
import { type NetworkList, parseNetworkList } from '../shared/network-list.ts';
import { quote } from '../shared/refusal.ts';
import type { SectionReader } from '../shared/section-reader.ts';
import { SettingsReader } from '../shared/settings-reader.ts';
import type { ConfiguredFiles } from './configured-files.ts';
import { type EnforcerSettings, readEnforcerSettings } from './enforcers/settings.ts';
import { type EscalationSettings, readEscalationSettings } from './escalation/escalation-settings.ts';
import { type HttpSettings, readHttpSettings } from './http/http-settings.ts';
import { type NotificationSettings, readNotificationSettings } from './notifications/notification-settings.ts';
import { infrastructureAllowed, noInfrastructure, parseInfrastructure } from './policy/infrastructure.ts';
import type { PolicySettings } from './policy/policy.ts';
import type { ProtectionSettings } from './protection/protection.ts';
import { sourceNames } from './protection/source-names.ts';
import { type CrowdsecSettings, readCrowdsecSettings } from './sources/crowdsec/crowdsec-settings.ts';

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
  /** Whether server.ini names it; else it is the machine's own name. */
  readonly hasPublicHost: boolean;
  /** Undefined: without TLS. */
  readonly tls: CertificateFiles | undefined;
  readonly database: string;
  readonly socket: string;
  readonly historyDays: number;
  readonly historyMax: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly policy: PolicySettings;
  readonly protection: ProtectionSettings;
  /** All of it. */
  readonly whitelist: readonly Network[];
  /** What of it stands in `whitelist_file`. */
  readonly whitelistFromFile: readonly Network[];
  /** DNS names of both. */
  readonly whitelistNames: readonly DnsName[];
  readonly enforcers: readonly EnforcerSettings[];
  /** Undefined: off. */
  readonly escalation: EscalationSettings | undefined;
  readonly http: HttpSettings;
  /** What is taken over from CrowdSec. */
  readonly crowdsec: readonly CrowdsecSettings[];
  readonly notifications: readonly NotificationSettings[];
  /** What in server.ini itself everybody on this host may read and should not; one sentence; absent when there is nothing. */
  readonly exposure?: string;
}

/** What the host hands to the reading of server.ini. */
export interface SettingsInput {
  readonly file: string;
  readonly hostname: string;
  /** systemd's folder of credentials, if it made one. */
  readonly credentialsFolder: string | undefined;
  /** The text of `file`. @throws ConfigError when there is none */
  readonly readConfig: () => string;
  readonly files: ConfiguredFiles;
}

/** Looks at what the settings of `[server]` name, beyond their form; says to the section what is wrong with it. */
export type Inspect = (settings: ServerSettings, server: SectionReader) => void;

export const defaultConfigFile = '/etc/fail2networkban/server.ini';

/** The Proxmox host's own certificate, which pveproxy serves too. */
const proxmoxCertificate = { certificate: '/etc/pve/local/pve-ssl.pem', key: '/etc/pve/local/pve-ssl.key' };

/** 30 days: a host that is repaired, or whose owner is on leave, comes back within them. */
const rememberHostsSeconds = 2_592_000;

const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Where the running server listens for the operator. The rest of the file may be wrong: a slip of the pen must not stand in
 * the way of `panic`.
 */
export function readSocketPath(input: SettingsInput): string {
  return readSocket(new SettingsReader(input.file, input.readConfig()).section('server'));
}

/** @throws ConfigError with everything that is wrong */
export function readServerSettings(input: SettingsInput, inspect: Inspect = () => undefined): ServerSettings {
  const reader = new SettingsReader(input.file, input.readConfig());
  const server = reader.section('server');
  const policy = reader.section('policy');
  const whitelist = policy.networksAndNames('whitelist');
  const fromFile = readWhitelistFile(policy, input);
  const historyDays = server.integer('history_days', 90, 1, 36_500);
  const enforcers = readEnforcerSettings(reader, input.files);
  const reportsPerClientMax = policy.integer('reports_per_client', 20_000, 1, 10_000_000);
  const settings: ServerSettings = {
    name: server.matching('name', input.hostname, /^[^\p{Cc}]{1,64}$/u, '1–64 characters, no control characters'),
    listen: readListen(server),
    port: server.integer('port', defaultPort, 0, 65_535),
    publicHost: readPublicHost(server, input.hostname),
    hasPublicHost: server.optional('public_host') !== undefined,
    tls: readTls(server, input),
    database: server.matching('database', '/var/lib/fail2networkban/ledger.db', /^\//, 'an absolute path'),
    socket: readSocket(server),
    historyDays,
    historyMax: server.integer('history_max', 1_000_000, 1_000, 1_000_000_000),
    logLevel: server.choice('log_level', 'info', logLevels),
    logFormat: server.choice('log_format', 'auto', logFormats),
    policy: {
      allowPrivate: policy.flag('private', false),
      widest: { 4: policy.integer('widest_ipv4', 16, 1, 32), 6: policy.integer('widest_ipv6', 32, 1, 128) },
      infrastructure: policy.parsed('infrastructure', noInfrastructure, infrastructureAllowed, parseInfrastructure),
      reportsPerClientMax,
    },
    whitelist: [...whitelist.networks, ...fromFile.networks],
    whitelistFromFile: fromFile.networks,
    whitelistNames: [...new Set([...whitelist.names, ...fromFile.names])],
    enforcers,
    protection: readProtection(policy, enforcers),
    escalation: readEscalationSettings(reader, historyDays),
    http: readHttpSettings(reader.section('http')),
    crowdsec: readCrowdsecSettings(reader, input.files, reportsPerClientMax),
    notifications: readNotificationSettings(reader, input.files),
  };
  inspect(settings, server);
  reader.finish();
  const exposure = findExposure(reader, input);
  return exposure === undefined ? settings : { ...settings, exposure };
}

/** The rule for files that hold a secret, for the secrets in server.ini. The owner's group may be the service's. */
function findExposure({ secrets }: SettingsReader, { file, files }: SettingsInput): string | undefined {
  if (secrets.length === 0) return undefined;
  const mode = files.modeOf(file);
  if ((mode & 0o007) === 0) return undefined;
  return `${file} has mode ${mode.toString(8).padStart(4, '0')}, so everybody on this host may read ${secrets.join(', ')}: chmod o= ${file}`;
}

/** Whether the address is there, listening tells. */
function readListen(server: SectionReader): string | undefined {
  const listen = server.optional('listen');
  if (listen !== undefined && isIP(listen) === 0) {
    server.problem(
      'listen',
      `${quote(listen)}: allowed is an IPv4 or IPv6 address of this host, the port stands in port; left out: all addresses`,
    );
  }
  return listen;
}

function readPublicHost(server: SectionReader, hostname: string): string {
  const host = server.optional('public_host');
  if (host === undefined) return hostname;
  if (isIP(host) === 0 && !namePattern.test(host)) {
    server.problem('public_host', `${quote(host)}: allowed is a host name or address, the port stands in port`);
  }
  return host;
}

function readSocket(server: SectionReader): string {
  return server.socketPath('socket', '/run/fail2networkban/admin.sock');
}

/** Files of the configuration, else systemd credentials, else the Proxmox host's own. */
function readTls(section: SectionReader, { credentialsFolder }: SettingsInput): CertificateFiles | undefined {
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

function readProtection(policy: SectionReader, enforcers: readonly EnforcerSettings[]): ProtectionSettings {
  const withoutSources = (policy.optional('without_sources') ?? '').split(/[\s,]+/).filter((name) => name !== '');
  const known = sourceNames(enforcers);
  for (const name of withoutSources)
    if (!known.includes(name)) policy.problem('without_sources', `${quote(name)}: allowed are ${known.join(', ')}`);
  return {
    rememberHostsSeconds: policy.duration('remember_hosts', rememberHostsSeconds, 0),
    withoutSources,
    isIgnoreipTrusted: policy.flag('trust_ignoreip', false),
  };
}

function readWhitelistFile(section: SectionReader, input: SettingsInput): Pick<NetworkList, 'networks' | 'names'> {
  const file = section.optional('whitelist_file');
  if (file === undefined) return { networks: [], names: [] };
  const { networks, names, wrong } = parseNetworkList(readWhitelist(file, section, input));
  for (const { line, text } of wrong) {
    section.problem('whitelist_file', `${file}:${line}: ${quote(text)} is not an address, a CIDR or ${dnsNameAllowed}`);
  }
  return { networks, names };
}

function readWhitelist(file: string, section: SectionReader, { files }: SettingsInput): string {
  try {
    return files.read(file);
  } catch (error) {
    section.problem('whitelist_file', `${file} cannot be read: ${describeFileError(error)}`, error);
    return '';
  }
}
