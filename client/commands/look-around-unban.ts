import { type Clock, sleep } from '../../shared/clock.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { handJail } from '../../shared/names.ts';
import type { Network } from '../../shared/network.ts';
import type { AgentSettings } from '../agent-settings.ts';
import { Fail2banError } from '../fail2ban-client.ts';
import { fail2banOf } from '../fail2ban-of.ts';
import { parseJailList } from '../jails.ts';
import { serverParts } from './answers.ts';
import type { Submission } from './submit.ts';

/** A server that is slow to say so does not hold up the unban. */
const lookMaxMs = 2_000;

/** The servers at which nobody bans the network, nor a wider one. Asked before an unban is handed over. */
export async function serversWithout(clock: Clock, socket: string, network: Network): Promise<readonly string[]> {
  const ending = new AbortController();
  const asked = callLocalSocket(socket, 'enforcement', { network });
  try {
    const answer = await Promise.race([asked, sleep(clock, lookMaxMs, ending.signal).then(() => ({}))]);
    const parts = serverParts(answer);
    return parts.filter(({ banned }) => banned === false).map(({ server }) => server);
  } finally {
    ending.abort();
  }
}

/** The jail of an unban by hand when fail2ban on this host bans the network there: it is not told of ours. */
export async function jailThatStillBans(
  agent: AgentSettings,
  { verb, jail, network }: Submission,
): Promise<string | undefined> {
  if (verb !== 'unban' || jail === handJail) return undefined;
  const fail2ban = fail2banOf(agent);
  try {
    const list = parseJailList(await fail2ban(['get', jail, 'banip', '--with-time'], new AbortController().signal));
    return list.has(network) ? jail : undefined;
  } catch (error) {
    // A jail that is not there, or a fail2ban that is down, bans nothing on this host.
    if (error instanceof Fail2banError) return undefined;
    throw error;
  }
}

export function describeListed(jail: string, network: Network): string {
  return `fail2ban itself still bans it in ${jail} on this host; to end that: fail2ban-client set ${jail} unbanip ${network}`;
}
