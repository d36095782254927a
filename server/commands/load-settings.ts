import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { configError, describeError } from '../../shared/errors.ts';
import { readServerSettings, type ServerSettings } from '../settings.ts';

/** What the command line and the environment give to every command. */
export interface CommandContext {
  readonly configFile: string;
  readonly credentialsFolder: string | undefined;
}

/** Reads server.ini. @throws ConfigError */
export function loadSettings({ configFile, credentialsFolder }: CommandContext): ServerSettings {
  return readServerSettings({
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
  });
}
