import { type Network, networkFrom, parseNetwork, rangeOf } from '../../../shared/network.ts';
import { NetworkIndex } from '../../../shared/network-index.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import type { ProxmoxFacts } from './read-proxmox.ts';

/** An address or network that must not be banned. */
export interface OwnAddress {
  readonly network: Network;
  /** As it stands in a sentence: `an address of this host`. */
  readonly what: string;
}

/** What the running server would do with it. */
export interface AddressFacts extends OwnAddress {
  /** Why a ban of it would be refused; undefined when it would not be. */
  readonly refusal: string | undefined;
  /** Standing bans that share an address with it. */
  readonly bans: readonly Network[];
}

/** The administrator's own: of this host, of the nodes, of the ipset `management`, and where the caller is logged in from. */
export function ownAddresses(
  ofHost: readonly Network[],
  proxmoxes: readonly ProxmoxFacts[],
  sshConnection: string | undefined,
): readonly OwnAddress[] {
  const caller = parseNetwork(sshConnection?.split(' ')[0] ?? '');
  const all: OwnAddress[] = [
    ...(caller === undefined ? [] : [{ network: caller, what: 'where you are logged in from' }]),
    ...ofHost.map((network) => ({ network, what: 'an address of this host' })),
    ...proxmoxes.flatMap(addressesOf),
  ];
  return all.filter(({ network }, at) => all.findIndex((other) => other.network === network) === at);
}

function addressesOf({ name, cluster }: ProxmoxFacts): readonly OwnAddress[] {
  if ('unreachable' in cluster) return [];
  const nodes = isUnreadable(cluster.nodes) ? [] : cluster.nodes;
  const management = isUnreadable(cluster.management) ? [] : cluster.management.networks;
  return [
    ...nodes.flatMap(({ name: node, address }) =>
      address === undefined ? [] : [{ network: address, what: `node ${node} of ${name}` }],
    ),
    ...management.map((network) => ({ network, what: `in the ipset management of ${name}` })),
  ];
}

/** @param askRefusal the running server's word */
export async function readAddresses(
  own: readonly OwnAddress[],
  bans: readonly Network[],
  askRefusal: (network: Network) => Promise<string | undefined>,
): Promise<readonly AddressFacts[]> {
  const index = new NetworkIndex(bans);
  const facts: AddressFacts[] = [];
  for (const address of own) {
    const refusal = await askRefusal(address.network);
    facts.push({ ...address, refusal, bans: overlapping(address.network, index) });
  }
  return facts;
}

/** Every ban around the network, and every one inside. */
function overlapping(network: Network, bans: NetworkIndex): readonly Network[] {
  const { family, first, prefixLength } = rangeOf(network);
  const around = Array.from({ length: prefixLength }, (_, length) => networkFrom(family, first, length));
  return [...around.filter((wider) => bans.has(wider)), ...bans.within(network)];
}
