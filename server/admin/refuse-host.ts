import type { Network } from '../../shared/network.ts';
import type { Refusal } from '../../shared/refusal.ts';
import type { HeldBans } from '../bans/held-bans.ts';

/**
 * Asks back when the operator bans a host's address by hand: a slip of the pen would cut the host off.
 *
 * @param option that says that it is meant
 */
export function refuseHost(held: HeldBans, network: Network, option: string): Refusal | undefined {
  const host = held.hostIn(network);
  if (host === undefined) return undefined;
  const detail = `${network}: ${host.detail}, which the ban would cut off from this server; if that is meant: ${option}`;
  return { code: 'protected', detail };
}
