import type { SettingsReader } from '../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../configured-files.ts';
import { type DryRunSettings, readDryRunSettings } from './dry-run/dry-run-settings.ts';
import { type OpnsenseSettings, readOpnsenseSettings } from './opnsense/opnsense-settings.ts';
import { type ProxmoxSettings, readProxmoxSettings } from './proxmox/proxmox-settings.ts';

/** One section of an enforcer; create-enforcer.ts makes the enforcers of it. */
export type EnforcerSettings = ProxmoxSettings | OpnsenseSettings | DryRunSettings;

/**
 * The sections of all enforcers. What is wrong is reported to the reader.
 *
 * @param files of secrets and authorities
 */
export function readEnforcerSettings(reader: SettingsReader, files: ConfiguredFiles): readonly EnforcerSettings[] {
  return [...readProxmoxSettings(reader, files), ...readOpnsenseSettings(reader, files), ...readDryRunSettings(reader)];
}
