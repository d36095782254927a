import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../shared/errors.ts';
import type { ExitCode } from '../../shared/exit-codes.ts';
import { formatReport, type Report, reportOf, reportToJson, verdictCodes, verdictOf } from '../../shared/finding.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import { carryJail } from '../../shared/jail-name.ts';
import { version } from '../../shared/version.ts';
import { judgeAgent } from '../doctor/judge-agent.ts';
import { judgeProblems } from '../doctor/judge-configuration.ts';
import { judgeFail2ban, wiredJails } from '../doctor/judge-fail2ban.ts';
import { judgePeerJails } from '../doctor/judge-peer-jails.ts';
import { judgeQueue } from '../doctor/judge-queue.ts';
import { judgeServer } from '../doctor/judge-server.ts';
import { judgeState } from '../doctor/judge-state.ts';
import { readAgent } from '../doctor/read-agent.ts';
import { readFail2ban } from '../doctor/read-fail2ban.ts';
import { readPeerJails } from '../doctor/read-peer-jails.ts';
import { readQueue } from '../doctor/read-queue.ts';
import { readServer } from '../doctor/read-server.ts';
import { readState } from '../doctor/read-state.ts';
import { makeFail2ban } from '../fail2ban-client.ts';
import { peerJailsOf } from '../peers/subscription.ts';
import { agentService } from '../services.ts';
import { loadSettings, type Settings } from '../settings.ts';
import type { CommandContext } from './command-context.ts';

/** `doctor`: exit 0 when all is well, 1 with warnings, 2 when something is broken, the configuration too. */
export async function runDoctor(context: CommandContext): Promise<ExitCode> {
  const report = await examine(context);
  context.print(context.isJson ? reportToJson(report) : formatReport(report));
  return verdictCodes[verdictOf(report.findings)];
}

/** Looks at everything from fail2ban to the servers. Changes nothing. */
async function examine(context: CommandContext): Promise<Report> {
  try {
    return await examineSettings(await loadSettings(context.config), context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return reportOf([{ subject: 'configuration', said: judgeProblems(error.problems, context.config) }]);
  }
}

async function examineSettings(
  { agent, servers, subscriptions }: Settings,
  { clock, config }: CommandContext,
): Promise<Report> {
  const runFail2ban = makeFail2ban({ program: agent.fail2banClient, socket: agent.fail2banSocket });
  const fail2ban = await readFail2ban(runFail2ban, new AbortController().signal);
  const jails = wiredJails(fail2ban).map(({ name }) => carryJail(name));
  const peerJails = peerJailsOf(subscriptions);
  const supervisor = findSupervisor();
  const options = { clock, randomBytes, agent: `fail2networkban ${version} doctor` };
  const reached = await Promise.all(servers.map((server) => readServer(server, options)));
  return reportOf([
    { subject: 'fail2ban', said: judgeFail2ban(fail2ban, peerJails, supervisor) },
    { subject: 'fail2ban', said: judgePeerJails(await readPeerJails(peerJails, fail2ban, runFail2ban)) },
    { subject: 'queue', said: judgeQueue(await readQueue(agent.spool)) },
    { subject: 'agent', said: judgeAgent(await readAgent(agent.socket), supervisor, agentService(config)) },
    { subject: 'agent', said: judgeState(await readState(agent.state)) },
    ...reached.map((facts) => ({ subject: `server/${facts.server}`, said: judgeServer(facts, jails) })),
  ]);
}
