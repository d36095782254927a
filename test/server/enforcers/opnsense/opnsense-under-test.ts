import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFirewalls } from '../../../../server/enforcers/create-enforcer.ts';
import type { OpenedFirewall } from '../../../../server/enforcers/opened-firewall.ts';
import type { OpnsenseSettings } from '../../../../server/enforcers/opnsense/opnsense-settings.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { type Clock, systemClock } from '../../../../shared/clock.ts';
import type { Enforcer } from '../../../../shared/enforcer.ts';
import {
  EmulatedOpnsense,
  type EmulatedOpnsenseOptions,
  emulatedKey,
} from '../../../emulators/opnsense/emulated-opnsense.ts';

export interface OpnsenseUnderTest {
  readonly opnsense: EmulatedOpnsense;
  close(): Promise<void>;
}

/** An emulated OPNsense in a folder of its own. */
export async function startOpnsense(options: Partial<EmulatedOpnsenseOptions> = {}): Promise<OpnsenseUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), 'f2nb-opnsense-'));
  const opnsense = await EmulatedOpnsense.start({ dir, ...options });
  return {
    opnsense,
    close: async () => {
      await opnsense.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The section that a test would write for it. */
export function settingsFor(opnsense: EmulatedOpnsense, changes: Partial<OpnsenseSettings> = {}): OpnsenseSettings {
  const trust = { kind: 'ca', readPem: () => opnsense.caPem } as const;
  return {
    kind: 'opnsense',
    name: 'main',
    limits: { maxEntries: 10_000, merge: true, resyncSeconds: 300 },
    endpoint: { scheme: 'https', host: '127.0.0.1', port: opnsense.port, trust },
    readKey: () => emulatedKey,
    aliases: [{ name: 'blocklist', jails: undefined }],
    aliasType: 'external',
    mayCreate: false,
    bulkAbove: 500,
    ...changes,
  };
}

export function firewallsOn(
  opnsense: EmulatedOpnsense,
  changes: Partial<OpnsenseSettings> = {},
  clock: Clock = systemClock,
  marks = new OwnMarks(['test']),
): readonly OpenedFirewall[] {
  return openFirewalls(settingsFor(opnsense, changes), {
    clock,
    random: () => 1,
    soon: setImmediate,
    marks,
  });
}

/** @param clock for everything but the limit of a call, which a test lets pass */
export function enforcerOn(
  opnsense: EmulatedOpnsense,
  changes: Partial<OpnsenseSettings> = {},
  clock: Clock = systemClock,
  marks?: OwnMarks,
): Enforcer {
  const [firewall] = firewallsOn(opnsense, changes, clock, marks);
  if (firewall === undefined) throw new Error('there is no enforcer');
  return firewall.enforcer;
}
