import { callLocalSocket, NotRunningError } from '../../../shared/host/local-socket.ts';
import { readOwnAddresses } from '../../../shared/host/own-addresses.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { Policy } from '../../policy/policy.ts';
import { ProtectedAddresses } from '../../policy/protected-addresses.ts';
import { Whitelist } from '../../policy/whitelist.ts';
import type { ServerSettings } from '../../settings.ts';

interface Why {
  readonly code: string;
  readonly detail: string;
}

/**
 * Why a network may not be blocked: by the configuration and the addresses of this host, and where a server runs also by what it
 * knows besides, as whitelist entries made at run time and connected hosts.
 */
export async function refusalOf(settings: ServerSettings, network: Network): Promise<Why | undefined> {
  const protectedAddresses = new ProtectedAddresses();
  protectedAddresses.replace('an address of this server', readOwnAddresses());
  const policy = new Policy(settings.policy, new Whitelist(settings.whitelist, []), protectedAddresses);
  return policy.refuseAddress(network) ?? (await refusalByServer(settings.socket, network));
}

async function refusalByServer(socket: string, network: Network): Promise<Why | undefined> {
  try {
    const { refusal, hostIn } = await callLocalSocket(socket, 'lookup', { network });
    if (hostIn !== undefined) return { code: 'protected', detail: `${network}: ${String(hostIn)}` };
    if (!isObject(refusal)) return undefined;
    return { code: String(refusal['code']), detail: String(refusal['detail']) };
  } catch (error) {
    if (error instanceof NotRunningError) return undefined;
    throw error;
  }
}
