#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { systemClock } from '../shared/clock.ts';
import { describeError } from '../shared/errors.ts';
import type { ExitCode } from '../shared/exit-codes.ts';
import { exitCodeOf } from '../shared/host/exit-code-of.ts';
import { version } from '../shared/version.ts';
import { type Answer, ask } from './commands/ask.ts';
import { type CommandContext, loadSettings, loadSocketPath } from './commands/load-settings.ts';
import { makeShow } from './commands/show.ts';
import { defaultConfigFile } from './settings.ts';
import type { SetupWords } from './setup/setup-command.ts';

interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const context = ({ config }: CommonOptions): CommandContext => ({
  configFile: config,
  // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
  credentialsFolder: process.env['CREDENTIALS_DIRECTORY'],
});

const finish = (code: ExitCode): void => {
  process.exitCode = code;
};

function fail(error: unknown): void {
  // commander has said by itself what is wrong with the command line.
  if (!(error instanceof CommanderError)) process.stderr.write(`${describeError(error)}\n`);
  finish(exitCodeOf(error));
}

function buildProgram(): Command {
  const program = new Command('fail2networkban-server')
    .description('Takes bans from fail2ban hosts and keeps the firewalls equal to them')
    .version(version)
    .exitOverride();
  const common = (command: Command): Command =>
    command.option('--config <file>', 'configuration file', defaultConfigFile).option('--json', 'print JSON');
  const show = makeShow(systemClock.now());

  /** A command that asks the running server. */
  const asking = (
    command: Command,
    verb: string,
    toArgs: (words: string[], options: Readonly<Record<string, unknown>>) => object,
    toText: (answer: Answer) => string,
  ): void => {
    common(command).action(async (...parts: unknown[]) => {
      const options = command.opts<CommonOptions & Record<string, unknown>>();
      const words = parts.slice(0, -2).map(String);
      const socket = loadSocketPath(context(options));
      finish(
        await ask({ socket, verb, args: toArgs(words, options), isJson: options.json === true, print, show: toText }),
      );
    });
  };

  common(program.command('run').description('run the server')).action(async (options: CommonOptions) => {
    const { runServer } = await import('./commands/run.ts');
    await runServer({
      ...context(options),
      // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
      environment: process.env,
      isTerminal: process.stdout.isTTY,
      version,
      onSignal: (name, handle) => process.on(name, handle),
      crash: (error) => {
        throw error;
      },
    });
  });
  common(program.command('doctor').description('say what is wrong and what to do')).action(
    async (options: CommonOptions) => {
      const { doctorCommand } = await import('./doctor/doctor-command.ts');
      // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
      const host = { ...context(options), environment: process.env, print };
      finish(await doctorCommand(host, options.json === true));
    },
  );
  program
    .command('setup')
    .option('--config <file>', 'configuration file', defaultConfigFile)
    .option('--user <user>', 'its user at Proxmox, otherwise fail2networkban@pve')
    .option('--audit-guests', 'let the doctor see network cards of guests')
    .option('--yes', 'do it instead of only saying it')
    .option('--undo', 'take back what it did at Proxmox')
    .description('on a Proxmox host: make its user, its token and the configuration')
    .action(async (options: CommonOptions & SetupWords) => {
      const { setupCommand } = await import('./setup/setup-command.ts');
      // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
      await setupCommand({ ...context(options), environment: process.env, print }, options);
    });
  common(program.command('check-config').description('say what is wrong with the configuration')).action(
    (options: CommonOptions) => {
      loadSettings(context(options));
      print(`${options.config}: good`);
    },
  );

  asking(
    program
      .command('ban <network>')
      .option('--ttl <time>', 'how long, as 10m, 2h, 7d', 'permanent')
      .option('--jail <name>', 'name to record it under')
      .description('ban an address or CIDR'),
    'ban',
    ([network], { ttl, jail }) => ({ network, ttl, jail }),
    show.ban,
  );
  asking(
    program
      .command('unban <network>')
      .option('--allow <time>', 'whitelist it for so long')
      .description('lift the reports of all hosts'),
    'unban',
    ([network], { allow }) => ({ network, allow }),
    show.unban,
  );
  asking(
    program.command('bans').option('--jail <name>').option('--client <name>').description('list the standing bans'),
    'bans',
    (_, { jail, client }) => ({ jail, client }),
    show.bans,
  );
  asking(
    program.command('lookup <network>').description('why an address is banned, or would be refused'),
    'lookup',
    ([network]) => ({ network }),
    show.lookup,
  );
  asking(
    program
      .command('history')
      .option('--network <network>')
      .option('--client <name>')
      .option('--jail <name>')
      .option('--most <count>', 'newest so many', '50')
      .description('what happened, newest first'),
    'history',
    (_, { network, client, jail, most }) => ({ network, client, jail, most }),
    show.history,
  );
  const allow = program.command('allow').description('the whitelist');
  asking(
    allow
      .command('add <network>')
      .option('--for <time>', 'how long', 'permanent')
      .option('--note <text>', 'why')
      .description('never ban it; lifts what it covers'),
    'allow-add',
    ([network], options) => ({ network, for: options['for'], note: options['note'] }),
    show.allow,
  );
  asking(allow.command('list').description('list the whitelist'), 'allow-list', () => ({}), show.allowed);
  asking(
    allow.command('remove <network>').description('take it off the whitelist'),
    'allow-remove',
    ([network]) => ({ network }),
    show.disallow,
  );
  const client = program.command('client').description('enrolled hosts');
  asking(
    client
      .command('add <name>')
      .option('--jails <patterns>', 'jails it may use, as sshd,nginx-*')
      .option('--may <verbs>', 'of ban,unban,operate')
      .option('--description <text>')
      .description('enroll a host; prints its enrolment line once'),
    'client-add',
    ([name], { jails, may, description }) => ({ name, jails, may, description }),
    show.enrolment,
  );
  asking(client.command('list').description('list the enrolled hosts'), 'client-list', () => ({}), show.clients);
  asking(
    client
      .command('revoke <name>')
      .option('--lift-bans', 'lift its reports too')
      .description('send a host away for good'),
    'client-revoke',
    ([name], { liftBans }) => ({ name, liftBans: liftBans === true }),
    show.revoked,
  );
  asking(
    client
      .command('rotate <name>')
      .option('--overlap <time>', 'how long the old key goes on', '1d')
      .description('give a host a new key'),
    'client-rotate',
    ([name], { overlap }) => ({ name, overlap }),
    show.enrolment,
  );
  asking(program.command('status').description('how the server is'), 'status', () => ({}), show.status);
  asking(
    program.command('reconcile').description('compare every firewall now'),
    'reconcile',
    () => ({}),
    show.enforcers,
  );
  asking(
    program.command('panic').description('take all our entries off every firewall and enforce nothing until resume'),
    'panic',
    () => ({}),
    show.enforcers,
  );
  asking(program.command('resume').description('enforce again after panic'), 'resume', () => ({}), show.enforcers);
  return program;
}

buildProgram().parseAsync().catch(fail);
