import { randomBytes } from 'node:crypto';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import { version } from '../../shared/version.ts';
import { type AgentFacts, findInAgent } from '../doctor/agent-findings.ts';
import { type Fail2banFacts, findInFail2ban } from '../doctor/fail2ban-findings.ts';
import { type Finding, formatFinding } from '../doctor/finding.ts';
import { gatherFail2ban } from '../doctor/gather-fail2ban.ts';
import { gatherQueue } from '../doctor/gather-queue.ts';
import { gatherServer } from '../doctor/gather-server.ts';
import { findInQueue } from '../doctor/queue-findings.ts';
import { findInServer } from '../doctor/server-findings.ts';
import { makeFail2ban } from '../fail2ban-client.ts';
import { isOurAction } from '../jails.ts';
import { loadSettings } from '../settings.ts';
import { serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `doctor`: exit 0 when all is well, 1 with warnings, 2 when something is broken. @throws ConfigError */
export async function runDoctor(context: CommandContext): Promise<ExitCode> {
  const { clock } = context;
  const { agent, servers } = await loadSettings(context.config);
  const fail2ban = makeFail2ban({ program: agent.fail2banClient, socket: agent.fail2banSocket });
  const fail2banFacts = await gatherFail2ban(fail2ban, new AbortController().signal);
  const options = { clock, randomBytes, agent: `fail2networkban ${version} doctor` };
  const serverFacts = await Promise.all(servers.map((server) => gatherServer(server, options)));
  const findings = [
    ...findInFail2ban(fail2banFacts),
    ...findInQueue(await gatherQueue(agent.spool)),
    ...findInAgent(await gatherAgent(agent.socket)),
    ...serverFacts.flatMap((facts) => findInServer(facts, wiredJails(fail2banFacts))),
  ];
  show(context, { findings }, findings.flatMap(formatFinding));
  return exitCodeOf(findings);
}

async function gatherAgent(socket: string): Promise<AgentFacts | undefined> {
  try {
    const status = await callLocalSocket(socket, 'status', {});
    return {
      unreadableLines: Number(status['unreadableLines'] ?? 0),
      unreadableFile: textOf(status['unreadableFile']),
      servers: serverParts(status).map(({ server, waiting, oldestWaitingMs }) => ({
        server,
        waiting: Number(waiting),
        oldestWaitingMs: typeof oldestWaitingMs === 'number' ? oldestWaitingMs : null,
      })),
    };
  } catch (error) {
    if (error instanceof NotRunningError) return undefined;
    throw error;
  }
}

function wiredJails(facts: Fail2banFacts): readonly string[] {
  if (facts.kind === 'silent') return [];
  return facts.jails.filter(({ actions }) => actions.some(isOurAction)).map(({ name }) => name);
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const levels = findings.map(({ level }) => level);
  if (levels.includes('broken')) return exitCodes.refused;
  return levels.includes('warning') ? exitCodes.failed : exitCodes.done;
}
