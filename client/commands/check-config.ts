import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { loadSettings } from '../settings.ts';
import { type CommandContext, show } from './command-context.ts';

/** `check-config`. @throws ConfigError with everything that is wrong */
export async function checkConfig(context: CommandContext): Promise<ExitCode> {
  const { servers } = await loadSettings(context.config);
  const names = servers.map(({ name }) => name);
  show(context, { config: context.config, servers: names }, [`${context.config}: good, servers: ${names.join(', ')}`]);
  return exitCodes.done;
}
