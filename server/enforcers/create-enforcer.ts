import { DryRun } from './dry-run/dry-run.ts';
import type { FirewallParts } from './firewall-parts.ts';
import type { OpenedFirewall } from './opened-firewall.ts';
import { openOpnsense } from './opnsense/open-opnsense.ts';
import { openProxmox } from './proxmox/open-proxmox.ts';
import type { EnforcerSettings } from './settings.ts';

/**
 * Makes what one section stands for: its enforcers, and what its firewall can tell the policy. Connects at the first call.
 */
export function openFirewalls(settings: EnforcerSettings, parts: FirewallParts): readonly OpenedFirewall[] {
  switch (settings.kind) {
    case 'proxmox':
      return [openProxmox(settings, parts)];
    case 'opnsense':
      return openOpnsense(settings, parts);
    case 'dry-run':
      return [{ enforcer: new DryRun(), limits: settings.limits, protectedSources: [] }];
  }
}
