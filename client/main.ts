#!/usr/bin/env node
import { Command } from 'commander';
import { systemClock } from '../shared/clock.ts';
import type { ExitCode } from '../shared/exit-codes.ts';
import { type Verb, verbs } from '../shared/frames.ts';
import { exitCodeOf } from '../shared/host/exit-code-of.ts';
import { describeFailure } from '../shared/host/failure.ts';
import { StandardStreams } from '../shared/host/standard-streams.ts';
import { findSupervisor } from '../shared/host/supervisor.ts';
import { handJail } from '../shared/names.ts';
import { version } from '../shared/version.ts';
import type { CommandContext } from './commands/command-context.ts';
import {
  addEnrollOptions,
  addSetupOptions,
  type CommonOptions,
  type EnrollOptions,
  type EventOptions,
  type ResendOptions,
  type SetupOptions,
} from './commands/options.ts';
import { defaultConfig } from './default-config.ts';
import { agentService } from './services.ts';

/** Read before commander does, whose own errors it is about too. */
const isJson = process.argv.includes('--json');

// biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
const streams = new StandardStreams(process, process.env['JOURNAL_STREAM']);

const print = (line: string): void => streams.print(line);

/** A command's exit code; each loads only the modules that it needs, because starting Node is most of its time. */
type Run<Options> = (context: CommandContext, options: Options, words: readonly string[]) => Promise<ExitCode>;

function buildProgram(): Command {
  const program = new Command('fail2networkban')
    .description("Carries this host's bans to the servers that block them everywhere")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => (isJson ? undefined : write(text)) });
  addAgent(program);
  for (const verb of verbs) addEventCommand(program, verb);
  addQuestions(program);
  addResend(program);
  addEnroll(program);
  addNftables(program);
  addSetup(program);
  addChecks(program);
  return program;
}

/** A command that answers. */
function add<Options extends CommonOptions>(command: Command, run: Run<Options>): void {
  addSilent(command.option('--json', 'print JSON'), run);
}

/** One whose output is its log. */
function addSilent<Options extends CommonOptions>(command: Command, run: Run<Options>): void {
  command.option('--config <file>', 'configuration file', defaultConfig).action(async () => {
    const options = command.opts<Options>();
    const context = { config: options.config, isJson: options.json === true, print, clock: systemClock };
    process.exitCode = await run(context, options, command.args);
  });
}

function addAgent(program: Command): void {
  addSilent(program.command('agent').description('run the agent'), async (context) => {
    const { runAgent } = await import('./commands/agent.ts');
    return runAgent(context, {
      // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
      environment: process.env,
      streams,
      onSignal: (name, handle) => process.on(name, handle),
      exit: () => process.exit(),
    });
  });
}

const eventDescriptions: Readonly<Record<Verb, string>> = {
  ban: 'ban an address or CIDR by hand',
  unban: "withdraw this host's own ban by hand",
  lift: "withdraw every host's ban; this host needs the permission operate",
};

function addEventCommand(program: Command, verb: Verb): void {
  const command = program.command(`${verb} <ip>`).description(eventDescriptions[verb]);
  if (verb === 'ban') {
    command
      .option('--ttl <time>', 'how long: 10m, 2h, 7d or permanent', '10m')
      .option('--labels <pairs>', 'short texts that go with it, as site=fra1,rack=7');
  }
  command
    .option('--jail <name>', 'name to report it under', handJail)
    .option('--wait', 'wait until every firewall has it')
    .option('--limit <time>', 'wait no longer than this', '60s');
  add<EventOptions>(command, async (context, { jail, ttl, labels, wait, limit }, [ip = '']) => {
    const [{ submit }, { typed }] = await Promise.all([
      import('./commands/submit.ts'),
      import('./commands/event-arguments.ts'),
    ]);
    return submit(context, {
      verb,
      network: typed.network(ip),
      jail: typed.jail(jail, '--jail'),
      ttlSeconds: verb === 'ban' ? typed.ttl(ttl) : null,
      ...(labels === undefined ? {} : { labels: typed.labels(labels) }),
      waitMs: wait === true ? typed.limit(limit) : undefined,
    });
  });
}

function addQuestions(program: Command): void {
  add(program.command('bans').description('what each server holds of this host'), async (context) => {
    const { listBans } = await import('./commands/bans.ts');
    return listBans(context);
  });
  add(program.command('status').description('the agent, its queue, its servers'), async (context) => {
    const { showStatus } = await import('./commands/status.ts');
    return showStatus(context);
  });
}

function addResend(program: Command): void {
  const command = program
    .command('resend [jail]')
    .description("send a jail's whole list to every server")
    .option('--all', 'those of all jails that hand over');
  add<ResendOptions>(command, async (context, { all }, [jail]) => {
    const [{ resend, resendAll }, { typed }] = await Promise.all([
      import('./commands/resend.ts'),
      import('./commands/event-arguments.ts'),
    ]);
    return all === true && jail === undefined ? resendAll(context) : resend(context, typed.jailOfHost(jail ?? ''));
  });
}

function addEnroll(program: Command): void {
  const command = addEnrollOptions(program.command('enroll [line]'));
  add<EnrollOptions>(command, async (context, { name, force, via }, [line]) => {
    const { enroll } = await import('./commands/enroll.ts');
    return enroll(context, line ?? (await readInput()), { name, force: force === true, via });
  });
}

function addSetup(program: Command): void {
  const command = addSetupOptions(program.command('setup'));
  add<SetupOptions>(command, async (context, { enroll, ...words }) => {
    const { setup } = await import('./commands/setup.ts');
    // biome-ignore lint/style/noProcessEnv: main is the one owner of the environment
    const path = process.env['PATH'] ?? '';
    const line = enroll === '-' ? await readInput() : enroll;
    return setup(context, words, { line, path, isRoot: process.getuid?.() === 0, nodeVersion: process.versions.node });
  });
}

/** The first line of standard input: what stands on a command line every user of the host can see. */
async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

function addNftables(program: Command): void {
  const command = program.command('nftables').description("this host's own packet filter");
  add(command.command('show').description('what the kernel blocks for us'), async (context) => {
    const { showTables } = await import('./commands/nftables.ts');
    return showTables(context);
  });
  add(command.command('remove').description('take our tables away, and with them every block'), async (context) => {
    const { removeTables } = await import('./commands/nftables.ts');
    return removeTables(context);
  });
}

function addChecks(program: Command): void {
  const trial = program.command('test').description('ban an address that nobody has, everywhere, and take it back');
  add(trial, async (context) => {
    const { test } = await import('./commands/test.ts');
    return test(context);
  });
  add(program.command('doctor').description('say what is wrong and what to do'), async (context) => {
    const { runDoctor } = await import('./commands/doctor.ts');
    return runDoctor(context);
  });
  add(program.command('check-config').description('say what is wrong with the configuration'), async (context) => {
    const { checkConfig } = await import('./commands/check-config.ts');
    return checkConfig(context);
  });
}

/** Also when commander has not come as far. */
function configOf(words: readonly string[]): string {
  const at = words.indexOf('--config');
  const joined = words.find((word) => word.startsWith('--config='))?.slice('--config='.length);
  return joined ?? (at < 0 ? undefined : words[at + 1]) ?? defaultConfig;
}

function fail(error: unknown): void {
  const [supervisor, agent] = [findSupervisor(), agentService(configOf(process.argv))];
  const { text, json } = describeFailure(error, {
    start: `Start the agent: ${supervisor.start(agent)}`,
    restart: `Restart the agent: ${supervisor.restart(agent)}`,
  });
  if (isJson && json !== undefined) print(json);
  if (!isJson && text !== undefined) streams.remark(text);
  process.exitCode = exitCodeOf(error);
}

buildProgram().parseAsync().catch(fail);
