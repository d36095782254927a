import { join } from 'node:path';
import { formatCommand } from '../shared/host/command-runner.ts';
import type { Service } from '../shared/host/supervisor.ts';
import { defaultConfig } from './default-config.ts';

/** The agent's unit, where the package has it. */
const agentUnitFile = join(import.meta.dirname, '..', '..', 'systemd', 'fail2networkban-agent.service');

/** The agent with this configuration. */
export function agentService(config: string): Service {
  const words = config === defaultConfig ? [] : ['--config', config];
  return {
    name: 'fail2networkban-agent',
    command: formatCommand(['fail2networkban', 'agent', ...words]),
    unitFile: agentUnitFile,
  };
}

export const fail2banService: Service = { name: 'fail2ban', command: 'fail2ban-client start' };
