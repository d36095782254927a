import type { Clock } from '../../shared/clock.ts';
import { DryRun } from './dry-run/dry-run.ts';
import type { OpenedFirewall } from './opened-firewall.ts';
import { openProxmox } from './proxmox/open-proxmox.ts';
import type { EnforcerSettings } from './settings.ts';

/** Makes what one section stands for: its enforcer, and what its firewall can tell the policy. Connects at the first call. */
export function openFirewall(settings: EnforcerSettings, clock: Clock): OpenedFirewall {
  switch (settings.kind) {
    case 'proxmox':
      return openProxmox(settings, clock);
    case 'dry-run':
      return { enforcer: new DryRun(), limits: settings.limits, protectedSources: [] };
  }
}
