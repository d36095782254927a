import { enforcerName } from '../enforcers/opnsense/open-opnsense.ts';
import type { EnforcerSettings } from '../enforcers/settings.ts';
import { inspectFiles } from './inspect-files.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';

/** `check-config`: opens all that the configuration names. @throws ConfigError with everything that is wrong */
export function checkConfig(context: CommandContext, isJson: boolean, print: (text: string) => void): void {
  const { enforcers, crowdsec, notifications } = loadSettings(context, inspectFiles);
  const { configFile: config } = context;
  const firewalls = enforcers.flatMap(firewallNames);
  const sources = crowdsec.map(({ name }) => `crowdsec/${name}`);
  const channels = notifications.map(({ kind, name }) => `${kind}/${name}`);
  const alsoSources = sources.length === 0 ? '' : `; sources: ${sources.join(', ')}`;
  const alsoTold = channels.length === 0 ? '' : `; notifies: ${channels.join(', ')}`;
  print(
    isJson
      ? JSON.stringify({ config, firewalls, sources, notifications: channels }, null, 2)
      : `${config}: good, firewalls: ${firewalls.join(', ') || 'none'}${alsoSources}${alsoTold}`,
  );
}

/** As the running server calls them. */
function firewallNames(settings: EnforcerSettings): readonly string[] {
  switch (settings.kind) {
    case 'proxmox':
      return [`proxmox/${settings.name}`];
    case 'opnsense':
      return settings.aliases.map((alias) => enforcerName(settings, alias));
    case 'dry-run':
      return [settings.name];
  }
}
