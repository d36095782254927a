import type { SettingsReader } from '../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../configured-files.ts';
import { type DryRunSettings, readDryRunSettings } from './dry-run/dry-run-settings.ts';
import { type ProxmoxSettings, readProxmoxSettings } from './proxmox/proxmox-settings.ts';

/** One section of an enforcer; create-enforcer.ts makes the enforcer of it. */
export type EnforcerSettings = ProxmoxSettings | DryRunSettings;

/**
 * The sections of all enforcers. What is wrong is reported to the reader.
 *
 * @param files of secrets and authorities
 */
export function readEnforcerSettings(reader: SettingsReader, files: ConfiguredFiles): readonly EnforcerSettings[] {
  return [...readProxmoxSettings(reader, files), ...readDryRunSettings(reader)];
}
