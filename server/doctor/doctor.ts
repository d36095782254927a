import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { ExitCode } from '../../shared/exit-codes.ts';
import { formatReport, type Report, reportOf, reportToJson, verdictCodes, verdictOf } from '../../shared/finding.ts';
import type { RunCommand } from '../../shared/host/command-runner.ts';
import type { ServiceWords } from '../../shared/host/supervisor.ts';
import type { Network } from '../../shared/network.ts';
import { type CommandContext, loadSettings, loadSocketPath } from '../commands/load-settings.ts';
import type { ServerSettings } from '../settings.ts';
import { isPresent } from '../setup/host-files.ts';
import { ownAddresses, readAddresses } from './facts/read-addresses.ts';
import { readCertificate } from './facts/read-certificate.ts';
import { readDisk } from './facts/read-disk.ts';
import { readLog } from './facts/read-log-readers.ts';
import { type OpnsenseFacts, readOpnsense } from './facts/read-opnsense.ts';
import { type PortFacts, readPort, readServedCertificate } from './facts/read-port.ts';
import { readProtection } from './facts/read-protection.ts';
import { type ProxmoxFacts, readProxmox } from './facts/read-proxmox.ts';
import { askRefusal, type RunningServer, readRunningServer, type ServerFacts } from './facts/read-running-server.ts';
import { judgeAddresses, judgeWhitelist } from './judge/judge-addresses.ts';
import { judgeCertificate } from './judge/judge-certificate.ts';
import { judgeClients } from './judge/judge-clients.ts';
import { judgeProblems, judgeSettings } from './judge/judge-configuration.ts';
import { judgeConnections } from './judge/judge-connections.ts';
import { judgeDisk } from './judge/judge-disk.ts';
import { judgeLogReaders } from './judge/judge-log-readers.ts';
import { judgeNames } from './judge/judge-names.ts';
import { isAliasOpen, judgeOpnsense } from './judge/judge-opnsense.ts';
import { judgePort } from './judge/judge-port.ts';
import { judgeProtection } from './judge/judge-protection.ts';
import { judgeProxies } from './judge/judge-proxies.ts';
import { isOpen, judgeProxmox } from './judge/judge-proxmox.ts';
import { judgeEnforcement, judgeServer } from './judge/judge-server.ts';
import { judgeSource } from './judge/judge-source.ts';
import { type Examined, spellOut } from './judge/said.ts';

/** What the process and the host give to the doctor. */
export interface DoctorHost extends CommandContext {
  readonly clock: Clock;
  readonly run: RunCommand;
  /** Of this program. */
  readonly version: string;
  readonly ownAddresses: () => readonly Network[];
  /** As sshd sets it: where the caller comes from. */
  readonly sshConnection: string | undefined;
  /** `/etc/pve`, where this host is a node. */
  readonly proxmoxFolder: string;
  /** How an administrator starts the server here. */
  readonly service: ServiceWords;
  /** The server was never started: that it does not run is no finding yet. */
  readonly isBeforeStart?: boolean;
  readonly signal: AbortSignal;
}

/** Says what is wrong and what to do. @returns 0 fine, 1 warnings, 2 broken */
export async function runDoctor(host: DoctorHost, isJson: boolean, print: (text: string) => void): Promise<ExitCode> {
  const report = await examine(host);
  print(isJson ? reportToJson(report) : formatReport(report));
  return verdictCodes[verdictOf(report.findings)];
}

/** Looks at everything. Changes nothing. */
export async function examine(host: DoctorHost): Promise<Report> {
  const examined = await examineAll(host);
  return reportOf(
    examined.map(({ subject, said }) => ({ subject, said: said.map((each) => spellOut(each, host.service)) })),
  );
}

async function examineAll(host: DoctorHost): Promise<readonly Examined[]> {
  try {
    return await examineSettings(loadSettings(host), host);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const configuration = { subject: 'configuration', said: judgeProblems(error.problems, host.configFile) };
    return [configuration, ...(await examineGoingOn(host))];
  }
}

/** A running server goes on with what it had, so what it says of itself still counts. */
async function examineGoingOn(host: DoctorHost): Promise<readonly Examined[]> {
  const socket = findSocket(host);
  if (socket === undefined) return [];
  const server = await readRunningServer(socket, host.run);
  if (server.kind !== 'running') return [];
  return [
    { subject: 'server', said: judgeServer(server, host.version) },
    await examineProtection(server, socket, [], host),
    ...server.firewalls.map((firewall) => ({ subject: firewall.name, said: judgeEnforcement(firewall, undefined) })),
    ...server.sources.map((source) => ({ subject: source.name, said: judgeSource(source) })),
  ];
}

/** Undefined when server.ini cannot be read at all. */
function findSocket(host: DoctorHost): string | undefined {
  try {
    return loadSocketPath(host);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

async function examineSettings(settings: ServerSettings, host: DoctorHost): Promise<readonly Examined[]> {
  const { clock, version, run, isBeforeStart = false } = host;
  const server = await readRunningServer(settings.socket, run);
  const certificate = await readCertificate(settings.tls, settings.publicHost);
  const port = await readPort(settings.port, run);
  const served = await servedCertificate(settings, port, server, clock);
  const proxmoxes = await readProxmoxes(settings, host);
  const aliases = await readAliases(settings, host);
  const marks = server.kind === 'running' ? server.marks : [];
  return [
    { subject: 'configuration', said: judgeSettings(settings, await isNode(host)) },
    ...(server.kind === 'not-running' && isBeforeStart
      ? []
      : [{ subject: 'server', said: judgeServer(server, version) }]),
    { subject: 'port', said: judgePort(port, server.kind !== 'not-running') },
    { subject: 'certificate', said: judgeCertificate(certificate, clock.now(), served) },
    { subject: 'disk', said: judgeDisk(await readDisk(settings.database)) },
    { subject: 'ledger', said: judgeLogReaders(await readLog(settings.database)) },
    ...proxmoxes.map((facts) => ({ subject: facts.name, said: judgeProxmox(facts) })),
    ...aliases.map((facts) => ({ subject: facts.name, said: judgeOpnsense(facts, marks) })),
    ...(server.kind === 'running' ? await examineRunning(server, settings, { proxmoxes, aliases }, host) : []),
  ];
}

function isNode({ proxmoxFolder }: DoctorHost): Promise<boolean> {
  return isPresent(join(proxmoxFolder, 'local'));
}

async function readProxmoxes({ enforcers }: ServerSettings, host: DoctorHost): Promise<readonly ProxmoxFacts[]> {
  const sections = enforcers.filter((settings) => settings.kind === 'proxmox');
  return await Promise.all(sections.map((settings) => readProxmox(settings, host)));
}

async function readAliases({ enforcers }: ServerSettings, host: DoctorHost): Promise<readonly OpnsenseFacts[]> {
  const sections = enforcers.filter((settings) => settings.kind === 'opnsense');
  const all = await Promise.all(sections.map((settings) => readOpnsense(settings, host.clock, host.signal)));
  return all.flat();
}

/** The firewalls that the doctor asked itself. */
interface Asked {
  readonly proxmoxes: readonly ProxmoxFacts[];
  readonly aliases: readonly OpnsenseFacts[];
}

/** Only when the server runs is it sure that what listens is the server. */
async function servedCertificate(
  { tls, listen }: ServerSettings,
  port: PortFacts,
  server: ServerFacts,
  clock: Clock,
): Promise<string | undefined> {
  if (tls === undefined || port.kind !== 'taken' || server.kind !== 'running') return undefined;
  return await readServedCertificate(listen ?? '127.0.0.1', port.port, clock);
}

/** What is in the ledger, such as timed whitelist entries and bans, only the running server reads. */
async function examineRunning(
  server: RunningServer,
  { socket }: ServerSettings,
  asked: Asked,
  host: DoctorHost,
): Promise<readonly Examined[]> {
  const own = ownAddresses(host.ownAddresses(), asked.proxmoxes, host.sshConnection);
  const addresses = await readAddresses(own, server.bans, (network) => askRefusal(socket, network));
  return [
    ...server.firewalls.map((firewall) => ({
      subject: firewall.name,
      said: judgeEnforcement(firewall, isOneOpen(firewall.name, server.marks, asked)),
    })),
    ...server.sources.map((source) => ({ subject: source.name, said: judgeSource(source) })),
    {
      subject: 'clients',
      said: [
        ...judgeClients(server, host.clock.now()),
        ...judgeConnections(server, host.clock.now()),
        ...judgeProxies(server.sharedRefusals),
      ],
    },
    await examineProtection(server, socket, asked.proxmoxes, host),
    {
      subject: 'whitelist',
      said: [
        ...judgeWhitelist(server.whitelist, server.whitelistNames),
        ...judgeNames(server.whitelistNames),
        ...judgeAddresses(addresses),
      ],
    },
  ];
}

async function examineProtection(
  { firewalls }: RunningServer,
  socket: string,
  proxmoxes: readonly ProxmoxFacts[],
  { clock }: DoctorHost,
): Promise<Examined> {
  const failing = firewalls.flatMap(({ name, failure }) => (failure === undefined ? [] : [name]));
  const said = judgeProtection(await readProtection(socket), { proxmoxes, failing }, clock.now());
  return { subject: 'protection', said };
}

/** Undefined for a firewall that was not asked. */
function isOneOpen(firewall: string, marks: readonly string[], { proxmoxes, aliases }: Asked): boolean | undefined {
  const proxmox = proxmoxes.find(({ name }) => name === firewall);
  if (proxmox !== undefined) return isOpen(proxmox);
  const alias = aliases.find(({ name }) => name === firewall);
  return alias && isAliasOpen(alias, marks);
}
