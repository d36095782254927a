import type { Clock } from '../shared/clock.ts';
import type { HostEnforcer } from '../shared/frames.ts';
import { statusText } from '../shared/host/status-text.ts';
import { plural } from '../shared/plural.ts';
import type { Agent } from './agent.ts';
import { reportServer, type ServerReport } from './status-report.ts';

/** What the agent does now, in one line for systemd: what is wrong goes first. */
export function describeAgent(agent: Agent, clock: Clock): string {
  const servers = agent.destinations.map((destination) => reportServer(agent, destination, clock));
  const enforcers = agent.peers.enforcement.summary();
  const wrong = [
    ...agent.faults.current.map(({ what, reason }) => `${what} FAILS: ${reason}`),
    ...servers.flatMap(describeTrouble),
    ...enforcers.filter(isWrong).map(describeWrong),
  ];
  const connected = servers.filter(({ state }) => state.kind === 'connected').map(({ server }) => server);
  const right = [
    ...(connected.length === 0 ? [] : [`connected to ${connected.join(' and ')}`]),
    ...enforcers.filter((each) => !isWrong(each)).map(describeEnforcer),
  ];
  return statusText(wrong, right);
}

function describeTrouble({ server, state, waiting, postponement }: ServerReport): string[] {
  const kept = waiting === 0 ? '' : `, ${plural(waiting, 'event')} kept for it`;
  if (postponement !== null) return [`${server} takes nothing for now: ${postponement.detail}${kept}`];
  if (state.kind === 'connected') return [];
  const reason = state.kind === 'waiting' ? `: ${state.reason}` : '';
  return [`NOT connected to ${server}${reason}${kept}`];
}

function isWrong({ state }: HostEnforcer): boolean {
  return state === 'failing' || state === 'refusing';
}

function describeWrong({ enforcer, state, detail = '' }: HostEnforcer): string {
  return `${enforcer} ${state === 'failing' ? 'FAILS' : 'REFUSES'}: ${detail}`;
}

function describeEnforcer({ enforcer, entries }: HostEnforcer): string {
  return `${enforcer} blocks ${plural(entries, 'network')}`;
}
