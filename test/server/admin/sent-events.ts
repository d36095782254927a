import { until } from '../../until.ts';
import type { Peer } from '../listening.ts';
import type { RunningServer } from '../running-server.ts';

/** An event of a client; by default a ban of the jail sshd for ever. */
export const event = (number: number, network: string, rest: object = {}) => ({
  ...{ number, verb: 'ban', jail: 'sshd', network, ttlSeconds: null, ...rest },
});

/** Sends events in one frame. @returns the outcome of each, or the code that refused it */
export async function send(peer: Peer, ...events: readonly object[]): Promise<unknown> {
  const answer = await peer.ask({ type: 'events', stream: 'stream-1', events });
  return answer.type === 'results' && answer.results.map((result) => ('code' in result ? result.code : result.outcome));
}

/** Waits until the firewall blocks exactly these. */
export const blocks = (server: RunningServer, ...networks: readonly string[]) =>
  until(() => server.blocked.join() === networks.join(), `the firewall blocks ${networks.join() || 'nothing'}`);
