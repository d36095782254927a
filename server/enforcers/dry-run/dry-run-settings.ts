import type { SettingsReader } from '../../../shared/settings-reader.ts';
import { type EnforcerLimits, readLimits } from '../limits.ts';

/** A `[dry-run]` section. */
export interface DryRunSettings {
  readonly kind: 'dry-run';
  readonly name: 'dry-run';
  readonly limits: EnforcerLimits;
}

/** As the most that any real firewall may have. */
const maxEntriesMost = 1_000_000;

export function readDryRunSettings(reader: SettingsReader): readonly DryRunSettings[] {
  if (!reader.has('dry-run')) return [];
  return [{ kind: 'dry-run', name: 'dry-run', limits: readLimits(reader.section('dry-run'), maxEntriesMost) }];
}
