import { join } from 'node:path';
import { formatCommand } from '../shared/host/command-runner.ts';
import type { Service } from '../shared/host/supervisor.ts';
import { defaultConfigFile } from './settings.ts';

/** The server's unit, where the package has it. */
const serverUnitFile = join(import.meta.dirname, '..', '..', 'systemd', 'fail2networkban-server.service');

/** The server, with the configuration of this name where it is not the default. */
export function serverService(config?: string): Service {
  const words = config === undefined ? [] : ['--config', config];
  return {
    name: 'fail2networkban-server',
    command: formatCommand(['fail2networkban-server', 'run', ...words]),
    unitFile: serverUnitFile,
  };
}

/** The configuration's name where it has to be said. */
export function nameUnlessDefault(configFile: string): string | undefined {
  return configFile === defaultConfigFile ? undefined : configFile;
}
