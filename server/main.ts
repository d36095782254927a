#!/usr/bin/env node
import { Command } from 'commander';
import { systemClock } from '../shared/clock.ts';
import type { ExitCode } from '../shared/exit-codes.ts';
import { exitCodeOf } from '../shared/host/exit-code-of.ts';
import { describeFailure } from '../shared/host/failure.ts';
import { StandardStreams } from '../shared/host/standard-streams.ts';
import { findSupervisor } from '../shared/host/supervisor.ts';
import { version } from '../shared/version.ts';
import { ask } from './commands/ask.ts';
import type { ExportWords } from './commands/export.ts';
import { type CommandContext, loadSocketPath } from './commands/load-settings.ts';
import { groups, operatorCommands } from './commands/operator-commands.ts';
import { aliasUsages } from './commands/opnsense/alias-usages.ts';
import { timesAt } from './commands/show/times.ts';
import { serverService } from './service.ts';
import { defaultConfigFile } from './settings.ts';
import type { SetupWords } from './setup/setup-command.ts';

interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Read before commander does, whose own errors it is about too. */
const isJson = process.argv.includes('--json');

// biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
const environment = process.env;

const streams = new StandardStreams(process, environment['JOURNAL_STREAM']);

const print = (text: string): void => streams.print(text);

const context = ({ config }: CommonOptions): CommandContext => ({
  configFile: config,
  credentialsFolder: environment['CREDENTIALS_DIRECTORY'],
});

const finish = (code: ExitCode): void => {
  process.exitCode = code;
};

/** Also where commander has read nothing yet. */
function configInArguments(): string | undefined {
  const at = process.argv.indexOf('--config');
  return at < 0 ? undefined : process.argv[at + 1];
}

function fail(error: unknown): void {
  const [supervisor, service] = [findSupervisor(), serverService(configInArguments())];
  const { text, json } = describeFailure(error, {
    start: `Start the server: ${supervisor.start(service)}; why it stopped: ${supervisor.status(service)}`,
    restart: `Restart the server: ${supervisor.restart(service)}`,
  });
  if (isJson && json !== undefined) print(json);
  if (!isJson && text !== undefined) streams.remark(text);
  finish(exitCodeOf(error));
}

function buildProgram(): Command {
  const program = new Command('fail2networkban-server')
    .description('Takes bans from fail2ban hosts and keeps the firewalls equal to them')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => (isJson ? undefined : write(text)) });
  addRun(program);
  addDoctor(program);
  addSetup(program);
  addCheckConfig(program);
  addOpnsense(program);
  addExport(program);
  addBackup(program);
  addOperatorCommands(program);
  return program;
}

/** A command that reads the configuration. */
const configured = (command: Command): Command =>
  command.option('--config <file>', 'configuration file', defaultConfigFile);

/** One that answers, too. */
const answering = (command: Command): Command => configured(command).option('--json', 'print JSON');

function addRun(program: Command): void {
  configured(program.command('run').description('run the server')).action(async (options: CommonOptions) => {
    const { runServer } = await import('./commands/run.ts');
    await runServer({
      ...context(options),
      environment,
      streams,
      version,
      onSignal: (name, handle) => process.on(name, handle),
      crash: (error) => {
        throw error;
      },
      exit: () => process.exit(),
    });
  });
}

function addDoctor(program: Command): void {
  answering(program.command('doctor').description('say what is wrong and what to do')).action(
    async (options: CommonOptions) => {
      const { doctorCommand } = await import('./doctor/doctor-command.ts');
      finish(await doctorCommand({ ...context(options), environment, print }, options.json === true));
    },
  );
}

function addSetup(program: Command): void {
  configured(program.command('setup'))
    .option('--user <user>', 'its user at Proxmox, otherwise fail2networkban@pve')
    .option('--audit-guests', 'let the doctor see network cards of guests')
    .option('--no-proxmox', 'for a server that looks after no Proxmox: make its certificate and the configuration')
    .option('--certificate <file>', 'with --no-proxmox: use this one, which the service can read')
    .option('--certificate-key <file>', 'its key')
    .option('--yes', 'do it instead of only saying it')
    .option('--undo', 'take its entries off, stop the service, take back what it did at Proxmox, say what stays')
    .option('--leave-entries', 'with --undo: leave its entries in the firewalls')
    .description('make its user, on a Proxmox host its token there, and the configuration')
    .action(async (options: CommonOptions & SetupWords) => {
      const { setupCommand } = await import('./setup/setup-command.ts');
      await setupCommand({ ...context(options), environment, print }, options);
    });
}

function addCheckConfig(program: Command): void {
  answering(program.command('check-config').description('say what is wrong with the configuration')).action(
    async (options: CommonOptions) => {
      const { checkConfig } = await import('./commands/check-config.ts');
      checkConfig(context(options), options.json === true, print);
    },
  );
}

/** Commands that go straight to an OPNsense. */
function addOpnsense(program: Command): void {
  const group = program.command('opnsense').description('aliases of OPNsense firewalls, without the running server');
  for (const { verb, words, description } of aliasUsages) {
    const command = answering(group.command(`${verb} ${words}`).description(description));
    command.option('--firewall <name>', 'which, when several are configured').action(async () => {
      const { aliasCommand } = await import('./commands/opnsense/alias-command.ts');
      const { firewall, json, ...options } = command.opts<CommonOptions & { readonly firewall?: string }>();
      const asked = { ...context(options), verb, words: command.args, firewall, isJson: json === true, print };
      finish(await aliasCommand(asked));
    });
  }
}

function addExport(program: Command): void {
  configured(program.command('export'))
    .option('--year <year>', 'of one year, as 2026; days are those of UTC')
    .option('--since <day>', 'from this day on, as 2026-01-31')
    .option('--until <day>', 'up to the end of this day')
    .option('--jail <pattern>', 'of these jails, as nginx-*')
    .option('--format <format>', 'csv, json or txt', 'csv')
    .option('--json', 'short for --format json')
    .description('how often each network was banned, most first, as far back as history goes')
    .action(async (options: CommonOptions & ExportWords) => {
      const { exportCounts } = await import('./commands/export.ts');
      const write = (text: string): Promise<boolean> => streams.write(text);
      const remark = (text: string): void => streams.remark(text);
      const words = options.json === true ? { ...options, format: 'json' } : options;
      await exportCounts({ ...context(options), write, remark }, words);
    });
}

/** The ledger's file as a whole, without asking the running server. */
function addBackup(program: Command): void {
  const host = (options: CommonOptions) => ({ ...context(options), clock: systemClock, print });
  answering(program.command('backup <file>'))
    .description('copy the ledger with all keys into a new file, also while the server runs')
    .action(async (file: string, options: CommonOptions) => {
      const { backup } = await import('./commands/backup.ts');
      finish(await backup(host(options), file, options.json === true));
    });
  answering(program.command('restore <file>'))
    .description("put such a copy into the ledger's place, while the server is stopped")
    .action(async (file: string, options: CommonOptions) => {
      const { restore } = await import('./commands/backup.ts');
      await restore(host(options), file, options.json === true);
    });
}

/** Commands that ask the running server. */
function addOperatorCommands(program: Command): void {
  const parents = {
    allow: program.command('allow').description(groups.allow),
    client: program.command('client').description(groups.client),
    notify: program.command('notify').description(groups.notify),
  };
  for (const each of operatorCommands(timesAt(systemClock.now()))) {
    const parent = each.group === undefined ? program : parents[each.group];
    const command = answering(parent.command(each.usage).description(each.description));
    for (const [flags, meaning, fallback] of each.options ?? []) command.option(flags, meaning, fallback);
    command.action(async () => {
      const { config, json, ...options } = command.opts<CommonOptions>();
      const socket = loadSocketPath(context({ config }));
      const args = each.toArgs?.(command.args[0] ?? '', options) ?? options;
      finish(await ask({ socket, verb: each.verb, args, isJson: json === true, print, show: each.show }));
    });
  }
}

buildProgram().parseAsync().catch(fail);
