import type { Command } from 'commander';
import type { SetupWords } from './setup.ts';

/** The options of each command as commander spells them. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

export interface EventOptions extends CommonOptions {
  readonly jail: string;
  readonly ttl: string;
  readonly labels?: string;
  readonly wait?: boolean;
  readonly limit: string;
}

export interface EnrollOptions extends CommonOptions {
  readonly name: string;
  readonly force?: boolean;
  readonly via?: string;
}

export interface SetupOptions extends CommonOptions, SetupWords {
  readonly enroll?: string;
}

export interface ResendOptions extends CommonOptions {
  readonly all?: boolean;
}

/** The words of `setup`. */
export function addSetupOptions(command: Command): Command {
  return command
    .description('make this host hand its bans over: client.ini, the action, the jails, the agent')
    .option('--enroll <line>', 'the line that `client add` printed on the server; - reads it from standard input')
    .option('--name <name>', 'name of the server here', 'main')
    .option('--via <ssh>', "through ssh: 'ssh [-p PORT] [-i FILE] USER@HOST'")
    .option('--force', 'replace a server of this name')
    .option('--jails <patterns>', 'jails that hand over, as sshd,nginx-*', '*')
    .option('--peers', "take the bans of other hosts too: installs fail2ban's peer jail")
    .option('--no-fail2ban', 'there is no fail2ban on this host: it only blocks what others ban')
    .option('--nftables', 'block the bans of other hosts by nftables')
    .option('--dry-run', 'only say what would be done')
    .option('--undo', 'take everything back');
}

/** The words of `enroll`. */
export function addEnrollOptions(command: Command): Command {
  return command
    .description(
      'write client.ini from the line that `fail2networkban-server client add` printed; without one it is read from standard input',
    )
    .option('--name <name>', 'name of the server here', 'main')
    .option('--force', 'replace a server of this name')
    .option('--via <ssh>', "through ssh: 'ssh [-p PORT] [-i FILE] USER@HOST'");
}
