import type { Said } from '../../../shared/finding.ts';
import type { ClusterFacts } from '../../enforcers/proxmox/cluster-facts.ts';
import type { Unreadable } from '../../enforcers/proxmox/readable.ts';
import type { ProxmoxFacts } from '../facts/read-proxmox.ts';

/** A Proxmox that answered. */
export type Answered = ProxmoxFacts & { readonly cluster: ClusterFacts };

/** What could not be read is named, not guessed. */
export function unreadable(what: string, { unreadable: reason }: Unreadable): Said {
  return {
    level: 'warning',
    code: 'unreadable',
    fact: `${what} cannot be read: ${reason}`,
    consequence: 'whether it is right is not known',
    command: 'mend what is said above, then: fail2networkban-server doctor',
  };
}
