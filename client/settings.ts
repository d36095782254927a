import type { DnsName } from '../shared/dns/dns-name.ts';
import type { Network } from '../shared/network.ts';
import { SettingsReader } from '../shared/settings-reader.ts';
import { type AgentSettings, readAgentSettings, readConfig } from './agent-settings.ts';
import { type CommandSettings, readCommandSettings } from './enforcers/command/command-settings.ts';
import { type NftablesSettings, readNftablesSettings } from './enforcers/nftables/nftables-settings.ts';
import { readSubscriptions, type Subscription } from './peers/subscription.ts';
import { readWhitelist } from './safety/whitelist-settings.ts';
import type { ServerAddress } from './server-address.ts';
import { readServerAddress } from './server-settings.ts';

export interface Settings {
  readonly agent: AgentSettings;
  /** `[agent] whitelist` and `whitelist_file`: what this host never blocks. */
  readonly whitelist: readonly Network[];
  /** DNS names of both. */
  readonly whitelistNames: readonly DnsName[];
  /** At least one. */
  readonly servers: readonly ServerAddress[];
  readonly subscriptions: readonly Subscription[];
  readonly nftables: NftablesSettings;
  /** `[command NAME]` sections, by name; each that a subscription names is there. */
  readonly commands: ReadonlyMap<string, CommandSettings>;
}

const needsFail2ban =
  'a jail needs fail2ban, and [agent] fail2ban = no: allowed is nftables, or command:NAME with a section [command NAME]';

/** Reads `client.ini` and the files that it names. @throws ConfigError with everything that is wrong */
export async function loadSettings(path: string): Promise<Settings> {
  const reader = new SettingsReader(path, await readConfig(path));
  const agent = readAgentSettings(reader);
  const { networks: whitelist, names: whitelistNames } = await readWhitelist(path, reader.section('agent'));
  const servers: ServerAddress[] = [];
  for (const [name, section] of reader.named('server')) servers.push(await readServerAddress(path, name, section));
  if (servers.length === 0) reader.problem('[server NAME]', 'is missing: `fail2networkban enroll LINE` writes one');
  const subscriptions = readSubscriptions(
    reader,
    servers.map(({ name }) => name),
  );
  const nftables = readNftablesSettings(reader.section('nftables'));
  const commands = new Map<string, CommandSettings>();
  for (const [name, section] of reader.named('command')) commands.set(name, await readCommandSettings(name, section));
  for (const { name, target } of subscriptions) {
    if (target.kind === 'jail' && !agent.hasFail2ban) reader.problem(`[subscription ${name}] enforcer`, needsFail2ban);
    if (target.kind === 'command' && !commands.has(target.name))
      reader.problem(`[subscription ${name}] enforcer`, `there is no section [command ${target.name}]`);
  }
  reader.finish();
  return { agent, whitelist, whitelistNames, servers, subscriptions, nftables, commands };
}
