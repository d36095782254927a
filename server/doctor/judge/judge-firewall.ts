import type { Said } from '../../../shared/finding.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { type Answered, unreadable } from './answered.ts';

/** pve-firewall drops what is in the set of this name without any rule (Firewall.pm, ruleset_chain_add_input_filters). */
export const ownMeaning = 'blacklist';

/** Whether the cluster firewall acts on the ipset at all. */
export function judgeFirewall({ cluster: { firewall, dropRule }, ipset }: Answered): readonly Said[] {
  const said: Said[] = [];
  if (isUnreadable(firewall)) said.push(unreadable("the cluster firewall's options", firewall));
  else if (firewall === 'off') said.push(off);
  else if (firewall === 'on-for-a-minute') said.push(onForAMinute);
  if (ipset !== ownMeaning) said.push(dropRule === true ? guestsNeedRule(ipset) : withoutMeaning(ipset));
  return said;
}

const off: Said = {
  level: 'broken',
  code: 'cluster-firewall-off',
  fact: 'the cluster firewall is off',
  consequence: 'nothing is dropped, on no node and for no guest',
  command:
    'first allow your own networks (Datacenter, Firewall, IPSet management), since all else is closed by default; ' +
    'then: pvesh set /cluster/firewall/options --enable 1',
};

const onForAMinute: Said = {
  level: 'warning',
  code: 'cluster-firewall-on-trial',
  fact: 'the cluster firewall is on for a minute only: somebody set enable to 2, to see whether he shuts himself out',
  consequence: 'after that nothing is dropped',
  command: 'pvesh set /cluster/firewall/options --enable 1',
};

function withoutMeaning(ipset: string): Said {
  return {
    level: 'warning',
    code: 'ipset-without-meaning',
    fact: `the ipset is called ${ipset}: only ${ownMeaning} is dropped without a rule`,
    consequence: 'unless a rule names it, nothing is dropped',
    command: `set ipset = ${ownMeaning} in the section, or: ${ruleCommand(ipset)}`,
  };
}

/** What is left to be known once nodes have their rule. */
export function guestsNeedRule(ipset: string): Said {
  return {
    level: 'note',
    code: 'guests-need-rule',
    fact: `a rule of the datacenter drops what comes from the ipset ${ipset}, for nodes`,
    consequence: `a guest drops it where its own firewall or security group has a rule IN DROP -source +dc/${ipset} too`,
  };
}

/** A rule for nodes; guests take theirs from a security group. */
export function ruleCommand(ipset: string): string {
  return `pvesh create /cluster/firewall/rules --type in --action DROP --source +dc/${ipset} --enable 1`;
}
