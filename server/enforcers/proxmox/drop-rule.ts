import type { Proxmox } from 'proxmox-api';
import { isSet, objectsOf, textOf } from './readable.ts';

/** What narrows a rule to some of the packets. */
const conditions = ['dest', 'proto', 'dport', 'sport', 'macro', 'iface', 'icmp-type'] as const;

/**
 * Whether a rule of the datacenter, which nodes follow, drops all that comes in from an ipset: ours, or one that the administrator
 * wrote in another way.
 *
 * @throws EnforcerError
 */
export async function hasDropRule(api: Proxmox.Api, ipset: string): Promise<boolean> {
  const sources = [`+${ipset}`, `+dc/${ipset}`].map((source) => source.toLowerCase());
  return objectsOf(await api.cluster.firewall.rules.$get(), 'the rules of the datacenter').some(
    (rule) =>
      isSet(rule['enable']) &&
      rule['type'] === 'in' &&
      (rule['action'] === 'DROP' || rule['action'] === 'REJECT') &&
      sources.includes(textOf(rule['source']).toLowerCase()) &&
      conditions.every((condition) => !isSet(rule[condition])),
  );
}
