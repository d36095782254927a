import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { type Command, CommandError, type RunCommand } from '../../shared/host/command-runner.ts';
import type { AgentSettings } from '../agent-settings.ts';
import type { RunNft } from '../enforcers/nftables/run-nft.ts';

/** What the process and the host give to setup. */
export interface SetupHost {
  readonly run: RunCommand;
  readonly nft: RunNft;
  readonly clock: Clock;
  readonly isRoot: boolean;
  /** As `20.19.0`. */
  readonly nodeVersion: string;
  /** `/`: all files of the host are below. */
  readonly root: string;
  readonly print: (line: string) => void;
}

/** Where setup finds and makes things on the host. */
export interface Places {
  readonly config: string;
  readonly spool: string;
  readonly state: string;
  /** Where the agent answers commands. */
  readonly agentSocket: string;
  /** What setup keeps for `--undo`. */
  readonly record: string;
  readonly fail2ban: string;
  readonly jailFile: string;
  /** Of fail2ban's unit. */
  readonly dropIn: string;
  /** Of the agent's unit. */
  readonly nftablesDropIn: string;
  /** Its presence says that this is a Proxmox node, whose bridges carry guests. */
  readonly proxmox: string;
  /** Its presence says that systemd runs (sd_booted(3)). */
  readonly systemd: string;
}

const fail2banFolder = '/etc/fail2ban';

/** Where the spool and the state are stands in client.ini; without one: where they are by default. */
export function placesOf(config: string, { spool, state, socket }: AgentSettings, root: string): Places {
  const fail2ban = join(root, fail2banFolder);
  return {
    config,
    spool: join(root, spool),
    state: join(root, state),
    agentSocket: join(root, socket),
    record: join(root, state, 'setup'),
    fail2ban,
    // The last of all that fail2ban reads (jail.conf(5), "order of files"), so that nothing else replaces its actions.
    jailFile: join(fail2ban, 'jail.d', 'zz-fail2networkban.local'),
    dropIn: join(root, '/etc/systemd/system/fail2ban.service.d/fail2networkban.conf'),
    nftablesDropIn: join(root, '/etc/systemd/system/fail2networkban-agent.service.d/nftables.conf'),
    proxmox: join(root, '/etc/pve/local'),
    systemd: join(root, '/run/systemd/system'),
  };
}

/** The program with what it needs to find fail2ban here; the words of a command follow. */
export function fail2banCommand({ fail2ban }: Places, settings: AgentSettings): (...words: string[]) => Command {
  const folder = fail2ban === fail2banFolder ? [] : ['-c', fail2ban];
  const socket = settings.fail2banSocket === undefined ? [] : ['-s', settings.fail2banSocket];
  return (...words) => [settings.fail2banClient, ...folder, ...socket, ...words];
}

export function isUnder(folder: string, path: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** Whether a command says yes. @throws CommandError when it is not there */
export async function agrees(run: RunCommand, command: Command): Promise<boolean> {
  try {
    await run(command);
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.code === 'failed') return false;
    throw error;
  }
}
