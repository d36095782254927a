import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { RunCommand } from '../../shared/host/command-runner.ts';
import { kernelTables, readGateways } from '../../shared/host/gateways.ts';
import { readOwnAddresses } from '../../shared/host/own-addresses.ts';
import { readResolvers } from '../../shared/host/resolvers.ts';
import type { ServerSettings } from '../settings.ts';
import type { ProtectedSource } from './protected-source.ts';
import { publicHostSource } from './public-host.ts';

/** What the server's own machine needs: a ban of it would cut off the server, and perhaps the whole cluster. */
export function hostSources(
  { publicHost, hasPublicHost }: Pick<ServerSettings, 'publicHost' | 'hasPublicHost'>,
  { run, resolve }: { readonly run: RunCommand; readonly resolve: ResolveName },
): readonly ProtectedSource[] {
  const source = (name: string, reason: string, read: ProtectedSource['read']): ProtectedSource => {
    return { name: `server/${name}`, reason, read };
  };
  const publicSource = publicHostSource(publicHost, resolve);
  return [
    source('addresses', 'an address of this server', () => Promise.resolve(readOwnAddresses())),
    source('gateways', 'a default gateway of this server', () => readGateways(kernelTables, run)),
    source('resolvers', 'a resolver of this server', () => readResolvers()),
    // Unless server.ini names it, it is the machine's own name, which perhaps nobody resolves.
    hasPublicHost ? publicSource : { ...publicSource, isGuess: true },
  ];
}
