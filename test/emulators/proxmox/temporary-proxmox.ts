import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EmulatedProxmox, EmulatedProxmoxOptions } from './emulated-proxmox.ts';
import { startEmulatedProxmox } from './start-emulated-proxmox.ts';

/** Starts an emulated Proxmox in a temporary folder; both are gone when the test ends. Not for a `before` hook. */
export async function startTemporaryProxmox(
  test: Pick<TestContext, 'after'>,
  options: Omit<EmulatedProxmoxOptions, 'dir'> = {},
): Promise<EmulatedProxmox> {
  const dir = await mkdtemp(join(tmpdir(), 'emulated-proxmox-'));
  const emulated = await startEmulatedProxmox({ dir, ...options });
  test.after(async () => {
    await emulated.close();
    await rm(dir, { recursive: true, force: true });
  });
  return emulated;
}
