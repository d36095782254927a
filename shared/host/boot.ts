import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Boot } from '../trusted-clock.ts';

const bootIdFile = '/proc/sys/kernel/random/boot_id';

/**
 * The kernel that this program runs on. In the units `ProcSubset=pid` hides its id, so that they hand it over.
 *
 * @param handedOver what the environment says, as systemd's `%b`
 */
export function thisBoot(handedOver: string | undefined): Boot {
  // Compared without its dashes: systemd writes none.
  const id = (readBootId() ?? handedOver)?.trim().replaceAll('-', '');
  return { id, uptimeMs: () => uptime() * 1_000 };
}

function readBootId(): string | undefined {
  try {
    return readFileSync(bootIdFile, 'utf8');
  } catch {
    return undefined;
  }
}
