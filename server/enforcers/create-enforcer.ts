import type { Clock } from '../../shared/clock.ts';
import { DryRun } from './dry-run/dry-run.ts';
import type { OpenedFirewall } from './opened-firewall.ts';
import { openOpnsense } from './opnsense/open-opnsense.ts';
import type { OwnMarks } from './ownership/ledger-mark.ts';
import { openProxmox } from './proxmox/open-proxmox.ts';
import type { EnforcerSettings } from './settings.ts';

export interface FirewallParts {
  readonly clock: Clock;
  /** A number from 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Whose entries are ours. */
  readonly marks: OwnMarks;
}

/**
 * Makes what one section stands for: its enforcers, and what its firewall can tell the policy. Connects at the first call.
 */
export function openFirewalls(
  settings: EnforcerSettings,
  { clock, random, marks }: FirewallParts,
): readonly OpenedFirewall[] {
  switch (settings.kind) {
    case 'proxmox':
      return [openProxmox(settings, clock, marks)];
    case 'opnsense':
      return openOpnsense(settings, clock, random);
    case 'dry-run':
      return [{ enforcer: new DryRun(), limits: settings.limits, protectedSources: [] }];
  }
}
