import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import type { Plan } from '../../shared/host/setup-step.ts';
import { SettingsReader } from '../../shared/settings-reader.ts';
import { type AgentSettings, readAgentSettings } from '../agent-settings.ts';
import { noFail2banHere } from '../jails/no-jails.ts';
import { loadSettings } from '../settings.ts';
import { AgentUnit } from './agent-unit.ts';
import { Changes } from './changes.ts';
import { Fail2banControl } from './fail2ban-control.ts';
import { type Places, placesOf, type SetupHost } from './host.ts';
import { isThere } from './host-files.ts';
import { type ConfigurationWish, planConfiguration } from './plan-configuration.ts';
import { type Fail2banWish, planFail2ban } from './plan-fail2ban.ts';
import { type FilePlan, planFolders } from './plan-files.ts';
import { planNftables } from './plan-nftables.ts';
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
  const control = await openFail2ban(options, { host, places, settings });
  const changes = await Changes.begin(new SetupRecord(places.record));
  const work = { host, places, control, changes, agent: new AgentUnit(host, places) };
  const plan = await planAll(options, work);
  for (const text of plan.kept) host.print(`kept: ${text}`);
  if (options.isDry) return sayPlan(plan, host);
  await carryOut(plan, work);
  for (const hint of await findHints(options, work)) host.print(hint);
  host.print(
    plan.steps.length === 0 ? 'Nothing is left to do.' : 'Done. Look whether it works: fail2networkban doctor',
  );
}

/** @returns undefined where there is none by the administrator's word. @throws SetupError */
async function openFail2ban(
  { hasFail2ban }: SetupOptions,
  { host, places, settings }: Pick<Work, 'host' | 'places'> & { readonly settings: AgentSettings },
): Promise<Fail2banControl | undefined> {
  if (hasFail2ban && settings.hasFail2ban) {
    const control = new Fail2banControl(host, places, settings);
    await control.check();
    return control;
  }
  if (!(await isThere(places.jailFile))) return undefined;
  throw new SetupError(
    `${places.jailFile} has fail2ban hand bans over, by a setup before; first: fail2networkban setup --undo`,
  );
}

async function findHints({ config }: SetupOptions, { agent }: Work): Promise<readonly string[]> {
  const start = agent.hint();
  const { servers, subscriptions, agent: settings } = await loadSettings(config);
  const names = [...new Set(servers.map(({ client }) => client))];
  const permit = (name: string): string =>
    `On the server, so that this host is sent what others ban: fail2networkban-server client set ${name} --may ban,unban,subscribe`;
  return [
    ...(start === undefined ? [] : [start]),
    ...(subscriptions.length > 0 ? names.map(permit) : settings.hasFail2ban ? [] : [blocksNothing]),
  ];
}

const blocksNothing =
  'This host blocks nothing yet: fail2networkban setup --nftables, or a [subscription NAME] with enforcer = command:NAME in client.ini';

interface Work {
  readonly host: SetupHost;
  readonly places: Places;
  /** Undefined on a host without fail2ban. */
  readonly control: Fail2banControl | undefined;
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
  const configuration = await planConfiguration(places, options, changes);
  const fail2ban = await planFail2banIfAny(options, work);
  const nftables = options.usesNftables ? await planNftables(work.host, places, changes) : noFiles;
  const unit = await agent.plan(changes, {
    isConfigurationNew: configuration.changed.size > 0,
    isUnitNew: nftables.changed.size > 0,
  });
  return {
    kept: [...configuration.kept, ...fail2ban.kept, ...nftables.kept, ...unit.kept],
    steps: [...spool, ...configuration.steps, ...fail2ban.steps, ...nftables.steps, ...unit.steps],
  };
}

const noFiles: FilePlan = { kept: [], steps: [], changed: new Set() };

async function planFail2banIfAny(options: SetupOptions, { control, ...work }: Work): Promise<Plan> {
  if (control === undefined) return { kept: [noFail2banHere], steps: [] };
  return await planFail2ban(options, { ...work, control });
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
  left.push(...((await control?.settle()) ?? []));
  await agent.takeBack().catch((error: unknown) => void left.push(describeError(error)));
  return left;
}
