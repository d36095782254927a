import { systemClock } from '../../shared/clock.ts';
import type { ExitCode } from '../../shared/exit-codes.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { readOwnAddresses } from '../../shared/host/own-addresses.ts';
import { findSupervisor, wordsFor } from '../../shared/host/supervisor.ts';
import { version } from '../../shared/version.ts';
import type { CommandContext } from '../commands/load-settings.ts';
import { serverService } from '../service.ts';
import { runDoctor } from './doctor.ts';

/** What `main` gives to the command. */
export interface DoctorContext extends CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly print: (text: string) => void;
}

/** `doctor`, on this very host. @param isBeforeStart the server was never started */
export async function doctorCommand(context: DoctorContext, isJson: boolean, isBeforeStart = false): Promise<ExitCode> {
  const { environment, print } = context;
  const host = {
    ...context,
    clock: systemClock,
    run: commandRunner(environment['PATH'] ?? ''),
    version,
    ownAddresses: readOwnAddresses,
    sshConnection: environment['SSH_CONNECTION'],
    proxmoxFolder: '/etc/pve',
    service: wordsFor(findSupervisor(), serverService(context.configFile)),
    isBeforeStart,
    signal: new AbortController().signal,
  };
  return await runDoctor(host, isJson, print);
}
