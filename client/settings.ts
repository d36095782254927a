import type { Network } from '../shared/network.ts';
import { SettingsReader } from '../shared/settings-reader.ts';
import { type AgentSettings, readAgentSettings, readConfig } from './agent-settings.ts';
import { readSubscriptions, type Subscription } from './peers/subscription.ts';
import { readWhitelist } from './safety/whitelist-settings.ts';
import type { ServerAddress } from './server-address.ts';
import { readServerAddress } from './server-settings.ts';

export interface Settings {
  readonly agent: AgentSettings;
  /** `[agent] whitelist` and `whitelist_file`: what this host never blocks. */
  readonly whitelist: readonly Network[];
  /** At least one. */
  readonly servers: readonly ServerAddress[];
  readonly subscriptions: readonly Subscription[];
}

/** Reads `client.ini` and the files that it names. @throws ConfigError with everything that is wrong */
export async function loadSettings(path: string): Promise<Settings> {
  const reader = new SettingsReader(path, await readConfig(path));
  const agent = readAgentSettings(reader);
  const whitelist = await readWhitelist(path, reader.section('agent'));
  const servers: ServerAddress[] = [];
  for (const [name, section] of reader.named('server')) servers.push(await readServerAddress(path, name, section));
  if (servers.length === 0) reader.problem('[server NAME]', 'is missing: `fail2networkban enroll LINE` writes one');
  const subscriptions = readSubscriptions(
    reader,
    servers.map(({ name }) => name),
  );
  reader.finish();
  return { agent, whitelist, servers, subscriptions };
}
