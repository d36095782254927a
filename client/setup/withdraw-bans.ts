import { ConfigError } from '../../shared/errors.ts';
import { callLocalSocket, NotAnsweringError, NotRunningError } from '../../shared/host/local-socket.ts';
import type { Step } from '../../shared/host/setup-step.ts';
import { plural } from '../../shared/plural.ts';
import { type ServerPart, serverParts, textOf } from '../commands/answers.ts';
import { loadSettings } from '../settings.ts';
import type { Places, SetupHost } from './host.ts';

/** Takes this host's bans off the servers, by the running agent; where that cannot be, says what does it there. */
export function withdrawStep(places: Places, host: SetupHost): Step {
  return {
    says: "withdraw this host's bans from its servers, behind all that is not sent yet",
    act: () => withdraw(places, host),
  };
}

async function withdraw({ config, agentSocket }: Places, { print }: SetupHost): Promise<void> {
  const clients = await clientsOf(config);
  try {
    const answer = await callLocalSocket(agentSocket, 'withdraw', {});
    for (const part of serverParts(answer)) print(describe(part, clients.get(part.server)));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isSilent = error instanceof NotRunningError || error instanceof NotAnsweringError;
    print(
      `stays: bans of this host at its servers, if they hold any: the agent ${isSilent ? 'does not run or answer' : `says: ${error.message}`}`,
    );
    for (const client of new Set(clients.values())) print(revokeAdvice(client));
  }
}

function describe({ server, held, left, reason }: ServerPart, client: string | undefined): string {
  if (left === 0) return `${server}: ${plural(Number(held ?? 0), 'ban')} withdrawn`;
  const what = typeof left === 'number' ? `${plural(left, 'ban')} of this host` : 'bans of this host, if it holds any';
  return `stays: ${what} at ${server}: ${textOf(reason)}\n${revokeAdvice(client ?? 'NAME')}`;
}

function revokeAdvice(client: string): string {
  return `       to lift them, on the server: fail2networkban-server client revoke ${client} --lift-bans`;
}

/** The names of this host, by server; none where client.ini cannot be read any more. */
async function clientsOf(config: string): Promise<ReadonlyMap<string, string>> {
  try {
    return new Map((await loadSettings(config)).servers.map(({ name, client }) => [name, client]));
  } catch (error) {
    if (error instanceof ConfigError) return new Map();
    throw error;
  }
}
