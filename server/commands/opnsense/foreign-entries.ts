import type { HeldEntry } from '../../../shared/enforcer.ts';
import { callLocalSocket, NotRunningError } from '../../../shared/host/local-socket.ts';
import { parseNetwork } from '../../../shared/network.ts';
import { NetworkIndex } from '../../../shared/network-index.ts';
import { items } from '../show/answer-text.ts';

/** The entries that share no address with a standing ban. Undefined: no server runs that could say what stands. */
export async function foreignIn(entries: readonly HeldEntry[], socket: string): Promise<readonly string[] | undefined> {
  const bans = await standingBans(socket);
  if (bans === undefined) return undefined;
  return entries.filter(({ network }) => bans.overlapping(network) === undefined).map(({ spelling }) => spelling);
}

async function standingBans(socket: string): Promise<NetworkIndex | undefined> {
  try {
    const { bans } = await callLocalSocket(socket, 'bans', {});
    return new NetworkIndex(items(bans).flatMap(({ network }) => parseNetwork(String(network)) ?? []));
  } catch (error) {
    if (error instanceof NotRunningError) return undefined;
    throw error;
  }
}
