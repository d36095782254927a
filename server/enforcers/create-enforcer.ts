import type { Clock } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import { DryRun } from './dry-run/dry-run.ts';
import { createProxmoxIpset } from './proxmox/create-proxmox-ipset.ts';
import type { EnforcerSettings } from './settings.ts';

/** Makes the enforcer of one section. Nothing is connected before its first call. */
export function createEnforcer(settings: EnforcerSettings, clock: Clock): Enforcer {
  switch (settings.kind) {
    case 'proxmox':
      return createProxmoxIpset(settings, clock);
    case 'dry-run':
      return new DryRun();
  }
}
