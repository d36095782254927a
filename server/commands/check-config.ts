import { inspectFiles } from './inspect-files.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';

/** `check-config`: opens all that the configuration names. @throws ConfigError with everything that is wrong */
export function checkConfig(context: CommandContext, isJson: boolean, print: (text: string) => void): void {
  const { enforcers } = loadSettings(context, inspectFiles);
  const { configFile: config } = context;
  const firewalls = enforcers.map(({ kind, name }) => (kind === 'proxmox' ? `${kind}/${name}` : name));
  print(
    isJson
      ? JSON.stringify({ config, firewalls }, null, 2)
      : `${config}: good, firewalls: ${firewalls.join(', ') || 'none'}`,
  );
}
