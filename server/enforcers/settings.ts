import type { SettingsReader } from '../../shared/settings-reader.ts';
import { type DryRunSettings, readDryRunSettings } from './dry-run/dry-run-settings.ts';
import { type ProxmoxSettings, readProxmoxSettings } from './proxmox/proxmox-settings.ts';

/** One section of an enforcer; create-enforcer.ts makes the enforcer of it. */
export type EnforcerSettings = ProxmoxSettings | DryRunSettings;

/**
 * The sections of all enforcers. What is wrong is reported to the reader.
 *
 * @param readFile for secrets; throws when a file cannot be read
 */
export function readEnforcerSettings(
  reader: SettingsReader,
  readFile: (path: string) => string,
): readonly EnforcerSettings[] {
  return [...readProxmoxSettings(reader, readFile), ...readDryRunSettings(reader)];
}
