import type { Clock } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Fail2ban } from '../fail2ban-client.ts';
import type { PeersOptions } from '../peers/peers.ts';
import type { Settings } from '../settings.ts';
import { openCommand } from './command/command.ts';
import { openPeerJail } from './jail/peer-jail.ts';
import { openNftables } from './nftables/nftables.ts';
import { nftRunner } from './nftables/run-nft.ts';
import { type Owner, readOwner } from './owner.ts';

export interface EnforcerParts {
  readonly settings: Settings;
  readonly fail2ban: Fail2ban;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomBytes: (count: number) => Buffer;
}

/** What opens the enforcer that a subscription names: one line for each kind. */
export function makeOpenEnforcer(parts: EnforcerParts): PeersOptions['openEnforcer'] {
  const { settings, fail2ban, clock, log, randomBytes } = parts;
  const owner = (): Promise<Owner> => readOwner(settings.agent.state, randomBytes);
  return (target, describe): Enforcer => {
    switch (target.kind) {
      case 'jail':
        return openPeerJail(target.name, { fail2ban, clock, owner });
      case 'nftables':
        return openNftables(settings.nftables, { clock, run: nftRunner(), owner });
      case 'command': {
        const command = settings.commands.get(target.name);
        if (command === undefined) throw new Error(`no [command ${target.name}]`);
        return openCommand(command, { stateDirectory: settings.agent.state, clock, describe, log });
      }
    }
  };
}
