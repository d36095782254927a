import { enforcerName } from '../enforcers/opnsense/open-opnsense.ts';
import type { EnforcerSettings } from '../enforcers/settings.ts';
import { crowdsecClient } from '../own-clients.ts';
import { inspectFiles } from './inspect-files.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';

/** `check-config`: opens all that the configuration names. @throws ConfigError with everything that is wrong */
export function checkConfig(context: CommandContext, isJson: boolean, print: (text: string) => void): void {
  const { enforcers, crowdsec, notifications, exposure } = loadSettings(context, inspectFiles);
  const { configFile: config } = context;
  const found = {
    firewalls: enforcers.flatMap(firewallNames),
    sources: crowdsec.map(({ name }) => crowdsecClient(name)),
    notifications: notifications.map(({ kind, name }) => `${kind}/${name}`),
    warnings: exposure === undefined ? [] : [exposure],
  };
  print(isJson ? JSON.stringify({ config, ...found }, null, 2) : describe(config, found));
}

interface Found {
  readonly firewalls: readonly string[];
  readonly sources: readonly string[];
  readonly notifications: readonly string[];
  /** What should be mended, though the server starts with it. */
  readonly warnings: readonly string[];
}

function describe(config: string, { firewalls, sources, notifications, warnings }: Found): string {
  const alsoSources = sources.length === 0 ? '' : `; sources: ${sources.join(', ')}`;
  const alsoTold = notifications.length === 0 ? '' : `; notifies: ${notifications.join(', ')}`;
  const good = `${config}: good, firewalls: ${firewalls.join(', ') || 'none'}${alsoSources}${alsoTold}`;
  const aliases = firewalls.filter((name) => name.startsWith('opnsense/'));
  const owned = `${aliases.join(', ')}: belongs to fail2networkban; what others put into it is taken out`;
  const proxmoxes = firewalls.filter((name) => name.startsWith('proxmox/'));
  const dropped = `${proxmoxes.join(', ')}: Proxmox drops the comment lines of a cluster.fw that is kept by hand with the first ban: keep a copy`;
  const told = [...(aliases.length === 0 ? [] : [owned]), ...(proxmoxes.length === 0 ? [] : [dropped])];
  const lines = [good, ...told, ...warnings.map((each) => `warning: ${each}`)];
  return lines.join('\n');
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
