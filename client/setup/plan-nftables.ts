import { CommandError } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { isSystemdRunning } from '../../shared/host/supervisor.ts';
import type { Changes } from './changes.ts';
import type { Places, SetupHost } from './host.ts';
import { type FilePlan, planFiles } from './plan-files.ts';
import { readNftablesDropIn } from './shipped-files.ts';

/** What lets the agent's unit change nftables; without systemd nothing is in its way. @throws SetupError where nft cannot be used */
export async function planNftables(host: SetupHost, places: Places, changes: Changes): Promise<FilePlan> {
  await checkNft(host);
  const file = { path: places.nftablesDropIn, mode: 0o644 };
  const wanted = isSystemdRunning(host.root) ? [{ ...file, text: await readNftablesDropIn() }] : [];
  return await planFiles(wanted, changes);
}

async function checkNft({ run }: SetupHost): Promise<void> {
  try {
    await run(['nft', 'list', 'tables']);
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    if (cause.code === 'absent') throw new SetupError('nft is not on this host: apt install nftables', { cause });
    throw new SetupError('nftables cannot be used here; a container needs CAP_NET_ADMIN for it', { cause });
  }
}
