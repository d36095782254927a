import type { Enforcer } from '../../shared/enforcer.ts';
import type { PeersOptions } from '../peers/peers.ts';

/** One line for each kind of firewall. */
export function makeOpenEnforcer(): PeersOptions['openEnforcer'] {
  return (target): Enforcer => {
    throw new Error(`${target.kind} is not there yet`);
  };
}
