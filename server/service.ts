import { join } from 'node:path';
import { formatCommand } from '../shared/host/command-runner.ts';
import type { Service } from '../shared/host/supervisor.ts';
import { defaultConfigFile } from './settings.ts';

/** The server's unit, where the package has it. */
const serverUnitFile = join(import.meta.dirname, '..', '..', 'systemd', 'fail2networkban-server.service');

/** The server, with its configuration. */
export function serverService(configFile = defaultConfigFile): Service {
  return {
    name: 'fail2networkban-server',
    command: formatCommand(['fail2networkban-server', 'run', ...configWords(configFile)]),
    unitFile: serverUnitFile,
  };
}

/** The option that names a configuration, where it has to be said. */
export function configWords(configFile: string): readonly string[] {
  return configFile === defaultConfigFile ? [] : ['--config', configFile];
}
