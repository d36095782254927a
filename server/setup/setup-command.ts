import { dirname } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { ArgumentError, callLocalSocket } from '../../shared/host/local-socket.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import { loadSettings, loadSocketPath, ownHostname } from '../commands/load-settings.ts';
import { type DoctorContext, doctorCommand } from '../doctor/doctor-command.ts';
import type { CertificateFiles } from '../settings.ts';
import { isUnitKnown } from './plan-without-proxmox.ts';
import { defaultUser, setUp } from './setup.ts';

/** The options of the command as commander spells them. */
export interface SetupWords {
  readonly user?: string;
  readonly auditGuests?: boolean;
  /** `--no-proxmox` */
  readonly proxmox?: boolean;
  readonly certificate?: string;
  readonly certificateKey?: string;
  readonly yes?: boolean;
  readonly undo?: boolean;
  readonly leaveEntries?: boolean;
}

/** `setup`, on this very host. The doctor's verdict is printed, but is not setup's own: the server may not run yet. */
export async function setupCommand(context: DoctorContext, words: SetupWords): Promise<void> {
  const { environment, print, configFile } = context;
  const options = {
    configFile,
    ledgerFolder: ledgerFolderOf(context),
    user: words.user ?? defaultUser,
    auditsGuests: words.auditGuests === true,
    isWithoutProxmox: words.proxmox === false,
    ...certificateOf(words),
    isConfirmed: words.yes === true,
    isUndo: words.undo === true,
    leavesEntries: words.leaveEntries === true,
  };
  const supervisor = findSupervisor();
  await setUp(options, {
    // sudo may have left out the folders of administrators' programs.
    run: commandRunner(`${environment['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`),
    isRoot: process.getuid?.() === 0,
    proxmoxFolder: '/etc/pve',
    hostname: ownHostname(),
    supervisor,
    unitFolder: supervisor.kind === 'systemd' ? '/etc/systemd/system' : undefined,
    isUnitKnown: isUnitKnown('/'),
    askServer: (verb) => callLocalSocket(loadSocketPath(context), verb, {}),
    clock: systemClock,
    print,
    diagnose: async () => {
      await doctorCommand(context, false, true);
    },
  });
}

/** That of server.ini, when it can be read. */
function ledgerFolderOf(context: DoctorContext): string {
  try {
    return dirname(loadSettings(context).database);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return '/var/lib/fail2networkban';
  }
}

function certificateOf({ certificate, certificateKey }: SetupWords): { readonly certificate?: CertificateFiles } {
  if (certificate !== undefined && certificateKey !== undefined)
    return { certificate: { certificate, key: certificateKey } };
  if (certificate === certificateKey) return {};
  throw new ArgumentError(
    `--certificate${certificate === undefined ? '' : '-key'}: is missing; allowed are both or neither`,
  );
}
