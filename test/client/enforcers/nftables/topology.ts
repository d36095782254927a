import type { Hook } from '../../../../client/enforcers/nftables/nftables-settings.ts';
import type { Ending } from '../../../ending.ts';
import { Namespace } from './namespace.ts';

/** Three parts of a network. Where there is no bridge, the filtering host is itself the one that is attacked. */
export interface Topology {
  readonly attacker: Namespace;
  /** Where the packets are dropped. */
  readonly filter: Namespace;
  /** Whom they are meant for. */
  readonly target: Namespace;
}

export const targetAddresses = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
/** All the attacker's own. */
export const attackers = {
  4: ['192.0.2.66', '192.0.2.129'],
  6: ['2001:db8::66', '2001:db8::8:129'],
} as const;

/**
 * ```
 * host     attacker ── filter = target
 * bridge   attacker ── filter's bridge, without an address ── target
 * ```
 */
export async function makeTopology(hook: Hook, ending: Ending): Promise<Topology> {
  const attacker = await Namespace.make(ending);
  const filter = await Namespace.make(ending);
  const target = hook === 'host' ? filter : await Namespace.make(ending);
  if (hook === 'host') await connect(attacker, filter, 'nic');
  else await bridge(filter, { attacker, target });
  await giveAddresses(attacker, [...attackers[4], ...attackers[6]]);
  await giveAddresses(target, [targetAddresses[4], targetAddresses[6]]);
  return { attacker, filter, target };
}

async function bridge(filter: Namespace, ends: Readonly<Record<string, Namespace>>): Promise<void> {
  await filter.ip('link add bridge0 type bridge');
  await filter.ip('link set bridge0 up');
  for (const [name, end] of Object.entries(ends)) {
    await connect(end, filter, name);
    await filter.ip(`link set ${name} master bridge0`);
  }
}

/** A cable from `nic` of one to an interface of the other. */
async function connect(end: Namespace, other: Namespace, interfaceName: string): Promise<void> {
  await end.ip(`link add nic type veth peer name ${interfaceName} netns ${other.name}`);
  await end.ip('link set nic up');
  await other.ip(`link set ${interfaceName} up`);
}

async function giveAddresses(namespace: Namespace, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const [length, flags] = address.includes(':') ? ['64', ' nodad'] : ['24', ''];
    await namespace.ip(`address add ${address}/${length} dev nic${flags}`);
  }
}
