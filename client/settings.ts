import { readFile } from 'node:fs/promises';
import { configError } from '../shared/errors.ts';
import { type LogLevel, logLevels } from '../shared/host/log.ts';
import { SettingsReader } from '../shared/settings-reader.ts';
import { isAbsent } from './durable-file.ts';
import type { ServerAddress } from './server-address.ts';
import { readServerAddress } from './server-settings.ts';

/** Where `client.ini` is when `--config` names no other. */
export const defaultConfig = '/etc/fail2networkban/client.ini';

/** What `[agent]` says; README lists the keys with their defaults. */
export interface AgentSettings {
  /** Folder that fail2ban's action appends to. */
  readonly spool: string;
  /** Folder of the journal and the cursors. */
  readonly state: string;
  /** Unix socket for the commands. */
  readonly socket: string;
  readonly fail2banClient: string;
  /** Undefined is fail2ban's own default. */
  readonly fail2banSocket: string | undefined;
  readonly jailCheckSeconds: number;
  readonly logLevel: LogLevel;
}

export interface Settings {
  readonly agent: AgentSettings;
  /** At least one. */
  readonly servers: readonly ServerAddress[];
}

/** Reads `client.ini` and the files that it names. @throws ConfigError with everything that is wrong */
export async function loadSettings(path: string): Promise<Settings> {
  const reader = new SettingsReader(path, await readConfig(path));
  const agent = readAgent(reader);
  const servers: ServerAddress[] = [];
  for (const [name, section] of reader.named('server')) servers.push(await readServerAddress(path, name, section));
  if (servers.length === 0) reader.problem('[server NAME]', 'is missing: `fail2networkban enroll LINE` writes one');
  reader.finish();
  return { agent, servers };
}

/** Reads only what the commands need to find the agent; the rest of the file may be wrong. @throws ConfigError */
export async function loadAgentSettings(path: string): Promise<AgentSettings> {
  return readAgent(new SettingsReader(path, await readConfig(path)));
}

function readAgent(reader: SettingsReader): AgentSettings {
  const agent = reader.section('agent');
  return {
    spool: agent.matching('spool', '/var/spool/fail2networkban', absolutePath, absolutePathAllowed),
    state: agent.matching('state', '/var/lib/fail2networkban-agent', absolutePath, absolutePathAllowed),
    socket: agent.matching('socket', '/run/fail2networkban-agent/agent.sock', absolutePath, absolutePathAllowed),
    fail2banClient: agent.text('fail2ban_client', 'fail2ban-client'),
    fail2banSocket: agent.optional('fail2ban_socket'),
    jailCheckSeconds: agent.duration('jail_check', 300, 10),
    logLevel: agent.choice('log_level', 'info', logLevels),
  };
}

const absolutePath = /^\/[^\0]*$/;
const absolutePathAllowed = 'an absolute path';

async function readConfig(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const hint = isAbsent(cause) ? 'is missing: `fail2networkban enroll LINE` writes it' : 'cannot be read';
    throw configError(path, 'client.ini', hint, cause);
  }
}
