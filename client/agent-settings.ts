import { readFile } from 'node:fs/promises';
import { configError, unreadableConfig } from '../shared/errors.ts';
import { isAbsent } from '../shared/host/absent-file.ts';
import { type LogFormat, logFormats } from '../shared/host/log-format.ts';
import { type LogLevel, logLevels } from '../shared/host/log-level.ts';
import { SettingsReader } from '../shared/settings-reader.ts';

/** What `[agent]` says; README lists the keys with their defaults. */
export interface AgentSettings {
  /** Folder that fail2ban's action appends to. */
  readonly spool: string;
  /** Folder of the journal and the cursors. */
  readonly state: string;
  /** Unix socket for the commands. */
  readonly socket: string;
  /** Whether fail2ban runs on this host. Without it the host only blocks what others ban, and what is banned by hand. */
  readonly hasFail2ban: boolean;
  readonly fail2banClient: string;
  /** Undefined is fail2ban's own default. */
  readonly fail2banSocket: string | undefined;
  readonly jailCheckSeconds: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

const absolutePath = /^\/[^\0]*$/;
const absolutePathAllowed = 'an absolute path';

/** Reads only what a command needs to find the agent; the rest of the file may be wrong. @throws ConfigError */
export async function loadAgentSettings(path: string): Promise<AgentSettings> {
  return readAgentSettings(new SettingsReader(path, await readConfig(path)));
}

export function readAgentSettings(reader: SettingsReader): AgentSettings {
  const agent = reader.section('agent');
  return {
    spool: agent.matching('spool', '/var/spool/fail2networkban', absolutePath, absolutePathAllowed),
    state: agent.matching('state', '/var/lib/fail2networkban-agent', absolutePath, absolutePathAllowed),
    socket: agent.socketPath('socket', '/run/fail2networkban-agent/agent.sock'),
    hasFail2ban: agent.flag('fail2ban', true),
    fail2banClient: agent.text('fail2ban_client', 'fail2ban-client'),
    fail2banSocket: agent.optional('fail2ban_socket'),
    jailCheckSeconds: agent.duration('jail_check', 300, 10),
    // Written out here: the list of log.ts would load the whole logger for every command.
    logLevel: agent.choice('log_level', 'info', logLevels),
    logFormat: agent.choice('log_format', 'auto', logFormats),
  };
}

/** The text of `client.ini`. @throws ConfigError */
export async function readConfig(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (!isAbsent(cause)) throw unreadableConfig(path, cause);
    const hint = 'the line that `client add` printed on the server makes it: fail2networkban enroll LINE';
    throw configError(path, undefined, `is missing; ${hint}`);
  }
}
