import type { Clock } from '../../shared/clock.ts';
import { DryRun } from './dry-run/dry-run.ts';
import type { OpenedFirewall } from './opened-firewall.ts';
import { openOpnsense } from './opnsense/open-opnsense.ts';
import { openProxmox } from './proxmox/open-proxmox.ts';
import type { EnforcerSettings } from './settings.ts';

/**
 * Makes what one section stands for: its enforcers, and what its firewall can tell the policy. Connects at the first call.
 *
 * @param random a number from 0 up to 1, as Math.random
 */
export function openFirewalls(
  settings: EnforcerSettings,
  clock: Clock,
  random: () => number,
): readonly OpenedFirewall[] {
  switch (settings.kind) {
    case 'proxmox':
      return [openProxmox(settings, clock)];
    case 'opnsense':
      return openOpnsense(settings, clock, random);
    case 'dry-run':
      return [{ enforcer: new DryRun(), limits: settings.limits, protectedSources: [] }];
  }
}
