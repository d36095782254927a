import { systemClock } from '../../shared/clock.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { type DoctorContext, doctorCommand } from '../doctor/doctor-command.ts';
import { defaultUser, setUp } from './setup.ts';

/** The options of the command as commander spells them. */
export interface SetupWords {
  readonly user?: string;
  readonly auditGuests?: boolean;
  readonly yes?: boolean;
  readonly undo?: boolean;
}

/** `setup`, on this very host. The doctor's verdict is printed, but is not setup's own: the server may not run yet. */
export async function setupCommand(context: DoctorContext, words: SetupWords): Promise<void> {
  const { environment, print, configFile } = context;
  const options = {
    configFile,
    user: words.user ?? defaultUser,
    auditsGuests: words.auditGuests === true,
    isConfirmed: words.yes === true,
    isUndo: words.undo === true,
  };
  await setUp(options, {
    // sudo may have left out the folders of administrators' programs.
    run: commandRunner(`${environment['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`),
    isRoot: process.getuid?.() === 0,
    proxmoxFolder: '/etc/pve',
    clock: systemClock,
    print,
    diagnose: async () => {
      await doctorCommand(context, false);
    },
  });
}
