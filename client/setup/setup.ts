import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import type { Plan } from '../../shared/host/setup-step.ts';
import { SettingsReader } from '../../shared/settings-reader.ts';
import { type AgentSettings, readAgentSettings } from '../agent-settings.ts';
import { AgentUnit } from './agent-unit.ts';
import { Changes } from './changes.ts';
import { Fail2banControl } from './fail2ban-control.ts';
import { type Places, placesOf, type SetupHost } from './host.ts';
import { type ConfigurationWish, planConfiguration } from './plan-configuration.ts';
import { type Fail2banWish, planFail2ban } from './plan-fail2ban.ts';
import { planFolders } from './plan-files.ts';
import { SetupRecord } from './record.ts';

/** What the command line says. */
export interface SetupOptions extends Fail2banWish, ConfigurationWish {
  readonly config: string;
  /** Everything is only said. */
  readonly isDry: boolean;
}

/**
 * Makes a host with fail2ban hand its bans over: client.ini, the action, the jails, the agent. Says each step before it is
 * done. What is there already stays, so a second run changes nothing; when a step fails, all is taken back.
 *
 * @throws SetupError, ArgumentError, ConfigError, CommandError
 */
export async function setUp(options: SetupOptions, host: SetupHost): Promise<void> {
  checkProcess(host);
  const { settings, places } = await findPlaces(options.config, host);
  const control = new Fail2banControl(host, places, settings);
  await control.check();
  const changes = await Changes.begin(new SetupRecord(places.record));
  const work = { host, places, control, changes, agent: new AgentUnit(host, places) };
  const plan = await planAll(options, work);
  for (const text of plan.kept) host.print(`kept: ${text}`);
  if (options.isDry) return sayPlan(plan, host);
  await carryOut(plan, work);
  for (const hint of findHints(options, work)) host.print(hint);
  host.print(
    plan.steps.length === 0 ? 'Nothing is left to do.' : 'Done. Look whether it works: fail2networkban doctor',
  );
}

function findHints({ takesPeers }: SetupOptions, { agent }: Work): readonly string[] {
  const start = agent.hint();
  const peers =
    'On the server, so that this host is sent them: fail2networkban-server client set NAME --may ban,unban,subscribe';
  return [...(start === undefined ? [] : [start]), ...(takesPeers ? [peers] : [])];
}

interface Work {
  readonly host: SetupHost;
  readonly places: Places;
  readonly control: Fail2banControl;
  readonly changes: Changes;
  readonly agent: AgentUnit;
}

/** The oldest that has all that the agent uses; package.json says the same. */
const leastNode = [20, 19] as const;

/** @throws SetupError */
export function checkProcess({ isRoot, nodeVersion }: SetupHost): void {
  if (!isRoot) throw new SetupError("setup must run as root: fail2ban's files and socket are for root alone");
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isOld = major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1]);
  if (isOld) throw new SetupError(`Node ${nodeVersion} is too old: the agent needs ${leastNode.join('.')}`);
}

/** Reads of client.ini, where there is one, what tells the places. @throws ConfigError */
export async function findPlaces(
  config: string,
  { root }: SetupHost,
): Promise<{ readonly settings: AgentSettings; readonly places: Places }> {
  const settings = readAgentSettings(new SettingsReader(config, (await readIfPresent(config)) ?? ''));
  return { settings, places: placesOf(config, settings, root) };
}

async function planAll(options: SetupOptions, work: Work): Promise<Plan> {
  const { places, changes, agent } = work;
  const spool = await planFolders([places.spool], 0o700, changes);
  const configuration = await planConfiguration(options.config, options, changes);
  const fail2ban = await planFail2ban(options, work);
  const unit = await agent.plan(changes, configuration.changed.size > 0);
  return {
    kept: [...configuration.kept, ...fail2ban.kept, ...unit.kept],
    steps: [...spool, ...configuration.steps, ...fail2ban.steps, ...unit.steps],
  };
}

function sayPlan({ steps }: Plan, { print }: SetupHost): void {
  for (const { says } of steps) print(`would do: ${says}`);
  print(
    steps.length === 0 ? 'Nothing is left to do.' : 'Nothing was done. The same command without --dry-run does it.',
  );
}

async function carryOut({ steps }: Plan, work: Work): Promise<void> {
  for (const { says, act } of steps) {
    work.host.print(says);
    try {
      await act();
    } catch (cause) {
      const left = await takeBack(work);
      const state =
        left.length === 0 ? 'everything is as it was before' : `but not all could be taken back: ${left.join('; ')}`;
      throw new SetupError(`${describeError(cause)}\n${state}`);
    }
  }
}

/** @returns what did not go back */
async function takeBack({ host, control, changes, agent }: Work): Promise<readonly string[]> {
  host.print('That failed. Everything is taken back:');
  const left: string[] = [];
  await changes.takeBack(host.print).catch((error: unknown) => void left.push(describeError(error)));
  left.push(...(await control.settle()));
  await agent.takeBack().catch((error: unknown) => void left.push(describeError(error)));
  return left;
}
