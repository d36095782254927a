import type { Clock } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import type { Fail2ban } from '../fail2ban-client.ts';
import type { PeersOptions } from '../peers/peers.ts';
import { openPeerJail } from './jail/peer-jail.ts';

export interface EnforcerParts {
  readonly fail2ban: Fail2ban;
  readonly clock: Clock;
}

/** One line for each kind of firewall. */
export function makeOpenEnforcer({ fail2ban, clock }: EnforcerParts): PeersOptions['openEnforcer'] {
  return (target): Enforcer => {
    switch (target.kind) {
      case 'jail':
        return openPeerJail(target.name, { fail2ban, clock });
      case 'nftables':
      case 'command':
        throw new Error(`${target.kind} is not there yet`);
    }
  };
}
