import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { RunCommand } from '../../shared/host/command-runner.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Settings } from '../settings.ts';
import { hostSources } from './host-sources.ts';
import { NameFile } from './name-file.ts';
import { namedSource } from './named-source.ts';
import { Safety } from './safety.ts';
import { type ReachedServer, serverSources } from './server-sources.ts';

export interface SafetyParts {
  readonly servers: readonly ReachedServer[];
  readonly resolve: ResolveName;
  readonly run: RunCommand;
  readonly clock: Clock;
  readonly log: Log;
  /** What is refused has changed. */
  readonly onChange: () => void;
}

/** Opens what this host never blocks, with what names meant last. @returns also what is wrong with its files, one sentence each */
export async function openSafety(
  { agent, whitelist, whitelistNames }: Pick<Settings, 'agent' | 'whitelist' | 'whitelistNames'>,
  { servers, resolve, run, clock, log, onChange }: SafetyParts,
): Promise<{ readonly safety: Safety; readonly damage: readonly string[] }> {
  const ofWhitelist = await NameFile.open(join(agent.state, 'whitelist-names'), log);
  const ofTimeServers = await NameFile.open(join(agent.state, 'time-server-names'), log);
  const parts = { resolve, clock, log };
  const words = () => Promise.resolve(whitelistNames);
  const sources = [
    namedSource('what a name of [agent] whitelist means', words, { ...parts, file: ofWhitelist }),
    ...hostSources({ ...parts, run, file: ofTimeServers }),
    ...serverSources(servers),
  ];
  const safety = new Safety({ whitelist, sources, clock, log, onChange });
  return { safety, damage: [...ofWhitelist.damage, ...ofTimeServers.damage] };
}
