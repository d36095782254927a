import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import { plural } from '../../../shared/plural.ts';
import type { ClientState, RunningServer } from '../facts/read-running-server.ts';

/** A host has one; beside it the commands of an administrator, and one that broke off and is not yet missed. */
const usualMax = 3;
/** By then a connection that broke off is missed, so that a host that has just moved is connected from one address alone. */
const settledMs = 60_000;

/** Hosts that are connected more often than one host would be: somebody else may have their key. */
export function judgeConnections({ clients }: Pick<RunningServer, 'clients'>, nowMs: number): readonly Said[] {
  return clients.flatMap((client) => judge(client, nowMs));
}

function judge({ name, connections }: ClientState, nowMs: number): readonly Said[] {
  const settled = connections.filter(({ sinceMs }) => nowMs - sinceMs >= settledMs);
  if (connections.length <= usualMax && addressesOf(settled).length < 2) return [];
  const addresses = addressesOf(connections);
  const from = `${plural(addresses.length, 'address', 'addresses')} (${enumerate(addresses)})`;
  return [
    {
      level: 'warning',
      code: 'client-connected-often',
      fact: `${name} is connected from ${from}, with ${plural(connections.length, 'connection')}`,
      consequence: 'where that is not you, somebody has its key: bans and unbans of its jails can be forged',
      command: `if that is not you: fail2networkban-server client rotate ${name} --overlap 0s; then on the host: fail2networkban enroll LINE --force`,
    },
  ];
}

function addressesOf(connections: ClientState['connections']): readonly string[] {
  return [...new Set(connections.map(({ address }) => address))];
}
