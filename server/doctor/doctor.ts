import type { Clock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { ExitCode } from '../../shared/exit-codes.ts';
import type { Network } from '../../shared/network.ts';
import { type CommandContext, loadSettings } from '../commands/load-settings.ts';
import type { ServerSettings } from '../settings.ts';
import type { RunCommand } from '../setup/command-runner.ts';
import { ownAddresses, readAddresses } from './facts/read-addresses.ts';
import { readCertificate } from './facts/read-certificate.ts';
import { readDisk } from './facts/read-disk.ts';
import { type PortFacts, readPort, readServedCertificate } from './facts/read-port.ts';
import { type ProxmoxFacts, readProxmox } from './facts/read-proxmox.ts';
import { askRefusal, readRunningServer, type ServerFacts } from './facts/read-running-server.ts';
import type { Finding } from './finding.ts';
import { formatReport, type Report, reportToJson, verdictCodes, verdictOf } from './format-findings.ts';
import { judgeAddresses, judgeWhitelist } from './judge/judge-addresses.ts';
import { judgeCertificate } from './judge/judge-certificate.ts';
import { judgeClients } from './judge/judge-clients.ts';
import { judgeProblems, judgeSettings } from './judge/judge-configuration.ts';
import { judgeDisk } from './judge/judge-disk.ts';
import { judgePort } from './judge/judge-port.ts';
import { judgeProxmox } from './judge/judge-proxmox.ts';
import { judgeServer } from './judge/judge-server.ts';

/** What the process and the host give to the doctor. */
export interface DoctorHost extends CommandContext {
  readonly clock: Clock;
  readonly run: RunCommand;
  /** Of this program. */
  readonly version: string;
  readonly ownAddresses: () => readonly Network[];
  /** As sshd sets it: where the caller comes from. */
  readonly sshConnection: string | undefined;
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
  try {
    return await examineSettings(loadSettings(host), host);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { examined: ['configuration'], findings: judgeProblems(error.problems, host.configFile) };
  }
}

async function examineSettings(settings: ServerSettings, host: DoctorHost): Promise<Report> {
  const { clock, version, run } = host;
  const server = await readRunningServer(settings.socket);
  const isRunning = server.kind === 'running';
  const certificate = await readCertificate(settings.tls, settings.publicHost);
  const port = await readPort(settings.port, run);
  const proxmoxes = await readProxmoxes(settings, host);
  const findings = [
    ...judgeSettings(settings),
    ...judgeServer(server, version),
    ...judgePort(port, isRunning),
    ...judgeCertificate(certificate, clock.now(), await servedCertificate(settings, port, server, clock)),
    ...judgeDisk(await readDisk(settings.database)),
    ...proxmoxes.flatMap(judgeProxmox),
    ...(isRunning ? judgeClients(server, clock.now()) : []),
    ...(await examineAddresses(settings, proxmoxes, server, host)),
  ];
  const always = ['configuration', 'server', 'port', 'certificate', 'disk'];
  const ofServer = isRunning ? ['clients', 'whitelist'] : [];
  return { examined: [...always, ...proxmoxes.map(({ name }) => name), ...ofServer], findings };
}

async function readProxmoxes({ enforcers }: ServerSettings, host: DoctorHost): Promise<readonly ProxmoxFacts[]> {
  const sections = enforcers.filter((settings) => settings.kind === 'proxmox');
  return await Promise.all(sections.map((settings) => readProxmox(settings, host.clock, host.signal)));
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

/** Timed whitelist entries and bans are in the ledger, which only the running server reads. */
async function examineAddresses(
  { socket }: ServerSettings,
  proxmoxes: readonly ProxmoxFacts[],
  server: ServerFacts,
  host: DoctorHost,
): Promise<readonly Finding[]> {
  if (server.kind !== 'running') return [];
  const own = ownAddresses(host.ownAddresses(), proxmoxes, host.sshConnection);
  const addresses = await readAddresses(own, server.bans, (network) => askRefusal(socket, network));
  return [...judgeWhitelist(server.whitelist), ...judgeAddresses(addresses)];
}
