import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { configError, describeError } from '../../shared/errors.ts';
import { readServerSettings, readSocketPath, type ServerSettings, type SettingsSource } from '../settings.ts';

/** What the command line and the environment give to every command. */
export interface CommandContext {
  readonly configFile: string;
  readonly credentialsFolder: string | undefined;
}

/** Reads server.ini. @throws ConfigError */
export function loadSettings(context: CommandContext): ServerSettings {
  return readServerSettings(sourceOf(context));
}

/** Reads no more of server.ini than what a command needs to find the running server. @throws ConfigError */
export function loadSocketPath(context: CommandContext): string {
  return readSocketPath(sourceOf(context));
}

function sourceOf({ configFile, credentialsFolder }: CommandContext): SettingsSource {
  return {
    file: configFile,
    hostname: hostname(),
    credentialsFolder,
    readFile: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        throw configError(path, 'file', `cannot be read: ${describeError(error)}`, error);
      }
    },
  };
}
