import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../shared/errors.ts';
import type { ExitCode } from '../../shared/exit-codes.ts';
import { formatReport, type Report, reportOf, reportToJson, verdictCodes, verdictOf } from '../../shared/finding.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import { carryJail } from '../../shared/jail-name.ts';
import { version } from '../../shared/version.ts';
import type { AgentSettings } from '../agent-settings.ts';
import { judgeAgent } from '../doctor/judge-agent.ts';
import { judgeProblems } from '../doctor/judge-configuration.ts';
import { judgeFail2ban, wiredJails } from '../doctor/judge-fail2ban.ts';
import { judgePeerJails } from '../doctor/judge-peer-jails.ts';
import { judgeQueue } from '../doctor/judge-queue.ts';
import { judgeServer, type Wants } from '../doctor/judge-server.ts';
import { judgeState } from '../doctor/judge-state.ts';
import { readAgent } from '../doctor/read-agent.ts';
import { type Fail2banFacts, readFail2ban } from '../doctor/read-fail2ban.ts';
import { readPeerJails } from '../doctor/read-peer-jails.ts';
import { readQueue } from '../doctor/read-queue.ts';
import { readServer } from '../doctor/read-server.ts';
import { readState } from '../doctor/read-state.ts';
import { fail2banOf } from '../fail2ban-of.ts';
import { peerJailsOf, type Subscription } from '../peers/subscription.ts';
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

/** What this host needs to be permitted at a server. */
function verbsFor(
  server: string,
  { hasFail2ban }: AgentSettings,
  subscriptions: readonly Subscription[],
): Wants['verbs'] {
  const isSubscribed = subscriptions.some(({ servers }) => servers.length === 0 || servers.includes(server));
  return [...(hasFail2ban ? (['ban', 'unban'] as const) : []), ...(isSubscribed ? (['subscribe'] as const) : [])];
}

async function examineSettings(
  { agent, servers, subscriptions }: Settings,
  { clock, config }: CommandContext,
): Promise<Report> {
  const runFail2ban = fail2banOf(agent);
  const fail2ban: Fail2banFacts = agent.hasFail2ban
    ? await readFail2ban(runFail2ban, new AbortController().signal)
    : { kind: 'absent', isSubscribed: subscriptions.length > 0 };
  const jails = wiredJails(fail2ban).map(({ name }) => carryJail(name));
  const peerJails = peerJailsOf(subscriptions);
  const supervisor = findSupervisor();
  const options = { clock, randomBytes, agent: `fail2networkban ${version} doctor` };
  const reached = await Promise.all(
    servers.map(async (server) => ({ server, facts: await readServer(server, options) })),
  );
  return reportOf([
    { subject: 'fail2ban', said: judgeFail2ban(fail2ban, peerJails, supervisor) },
    { subject: 'fail2ban', said: judgePeerJails(await readPeerJails(peerJails, fail2ban, runFail2ban)) },
    { subject: 'queue', said: judgeQueue(await readQueue(agent)) },
    { subject: 'agent', said: judgeAgent(await readAgent(agent.socket), supervisor, agentService(config)) },
    { subject: 'agent', said: judgeState(await readState(agent.state)) },
    ...reached.map(({ server, facts }) => ({
      subject: `server/${server.name}`,
      said: judgeServer(facts, { client: server.client, jails, verbs: verbsFor(server.name, agent, subscriptions) }),
    })),
  ]);
}
