import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { configError, hasCode, unreadableConfig } from '../../shared/errors.ts';
import {
  defaultConfigFile,
  type Inspect,
  readServerSettings,
  readSocketPath,
  type ServerSettings,
  type SettingsInput,
} from '../settings.ts';

/** What the command line and the environment give to every command. */
export interface CommandContext {
  readonly configFile: string;
  readonly credentialsFolder: string | undefined;
}

/** Reads server.ini. @throws ConfigError */
export function loadSettings(context: CommandContext, inspect?: Inspect): ServerSettings {
  return readServerSettings(inputOf(context), inspect);
}

/** Reads no more of server.ini than what a command needs to find the running server. @throws ConfigError */
export function loadSocketPath(context: CommandContext): string {
  return readSocketPath(inputOf(context));
}

/** As the host names itself. */
export function ownHostname(): string {
  return hostname();
}

function inputOf({ configFile, credentialsFolder }: CommandContext): SettingsInput {
  return {
    file: configFile,
    hostname: ownHostname(),
    credentialsFolder,
    readConfig: () => readConfig(configFile),
    files: { read: (path) => readFileSync(path, 'utf8'), modeOf: (path) => statSync(path).mode & 0o777 },
  };
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw unreadableConfig(file, error);
    const words = file === defaultConfigFile ? '' : ` --config ${file}`;
    throw configError(
      file,
      undefined,
      `is missing; on a Proxmox host this makes it: fail2networkban-server setup${words}`,
    );
  }
}
