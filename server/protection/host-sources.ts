import type { RunCommand } from '../../shared/host/command-runner.ts';
import { readGateways } from '../../shared/host/gateways.ts';
import { readOwnAddresses } from '../../shared/host/own-addresses.ts';
import { readResolvers } from '../../shared/host/resolvers.ts';
import type { ProtectedSource } from '../enforcers/opened-firewall.ts';

/** `/proc/net` itself is not there under the unit's ProcSubset=pid; what it leads to is. */
const kernelTables = '/proc/self/net';

/** What the server's own machine needs: a ban of it would cut off the server, and perhaps the whole cluster. */
export function hostSources(run: RunCommand): readonly ProtectedSource[] {
  return [
    { reason: 'an address of this server', read: () => Promise.resolve(readOwnAddresses()) },
    { reason: 'a default gateway of this server', read: () => readGateways(kernelTables, run) },
    { reason: 'a resolver of this server', read: () => readResolvers() },
  ];
}
