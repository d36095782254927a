import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { commandStep, type Step } from '../../shared/host/setup-step.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import type { AgentSettings } from '../agent-settings.ts';
import { agentRuns, planStop } from './agent-unit.ts';
import { Fail2banControl } from './fail2ban-control.ts';
import type { Places, SetupHost } from './host.ts';
import { removeFolder, restoreState } from './host-files.ts';
import { parseJailFile } from './plan-jails.ts';
import { nothingRecorded, type Recorded, SetupRecord } from './record.ts';
import { describeRemains } from './remains.ts';
import { planTables } from './remove-tables.ts';
import { checkProcess, findPlaces } from './setup.ts';
import { type Return, returnStep, type SortedFiles, sortOut } from './undo-files.ts';
import { withdrawStep } from './withdraw-bans.ts';

export interface UndoOptions {
  readonly config: string;
  readonly isDry: boolean;
}

/**
 * Takes back all that setup did, also over several runs, in this order:
 *
 * 1. fail2ban's files: no ban is handed over any more. When fail2ban does not take its files as they were, all stays as it is.
 * 2. This host's bans at the servers, as long as the agent runs.
 * 3. The agent's unit. An agent that runs without one ends the work here: it would make its tables anew.
 * 4. Tables of nftables, the other files, the folders.
 *
 * A file that was changed since stays, and with it those that it belongs together with. What is gone already is no fault.
 *
 * @returns whether nothing of setup's is left
 * @throws SetupError, ConfigError, CommandError
 */
export async function undoSetup({ config, isDry }: UndoOptions, host: SetupHost): Promise<boolean> {
  checkProcess(host);
  const { settings, places } = await findPlaces(config, host);
  const record = new SetupRecord(places.record);
  const recorded = await record.read();
  if (recorded === nothingRecorded) {
    host.print('Nothing on this host is from setup.');
    return true;
  }
  const files = await sortOut(recorded, places, record);
  for (const line of files.stays) host.print(line);
  const work = { host, places, recorded, files, settings, isDry };
  const control = settings.hasFail2ban ? new Fail2banControl(host, places, settings) : undefined;
  await follow(await planFirst(work, control), work);
  if (!isDry && (await agentRuns(places.agentSocket))) {
    host.print(`The agent still runs, and is not systemd's: ${stopAdvice}`);
    return false;
  }
  await follow(await planLast(work), work);
  if (isDry) return files.kept.length === 0;
  await forget(record, recorded, files);
  for (const line of await describeRemains(places)) host.print(line);
  return files.kept.length === 0;
}

const stopAdvice = 'end its process, or its container; then again: fail2networkban setup --undo';

interface Work {
  readonly host: SetupHost;
  readonly places: Places;
  readonly recorded: Recorded;
  readonly files: SortedFiles;
  readonly settings: AgentSettings;
  readonly isDry: boolean;
}

async function follow(steps: readonly Step[], { host, isDry }: Work): Promise<void> {
  for (const { says, act } of steps) {
    host.print(isDry ? `would do: ${says}` : says);
    if (!isDry) await act();
  }
}

async function planFirst(work: Work, control: Fail2banControl | undefined): Promise<readonly Step[]> {
  const { host, places, recorded, files } = work;
  return [
    ...files.fail2ban.map(returnStep),
    ...(control === undefined ? [] : await fail2banSteps(work, control)),
    withdrawStep(places, host),
    ...(recorded.enabledAgent ? await planStop(host) : []),
  ];
}

async function planLast({ host, places, recorded, files, settings }: Work): Promise<readonly Step[]> {
  const tables = await planTables(host, settings.state, places.config);
  for (const line of tables.stays) host.print(line);
  const units = [places.dropIn, places.nftablesDropIn];
  const hasUnit = files.others.some(({ path }) => units.includes(path));
  const reread = hasUnit && findSupervisor(host.root).kind === 'systemd';
  return [
    ...tables.steps,
    ...files.others.map(returnStep),
    ...(reread ? [commandStep(host.run, ['systemctl', 'daemon-reload'])] : []),
    ...recorded.folders.toReversed().map((path) => folderStep(path, host, path === places.spool)),
  ];
}

/** A fail2ban that does not run reads its files when it starts. */
async function fail2banSteps({ places, files }: Work, control: Fail2banControl): Promise<readonly Step[]> {
  if (files.fail2ban.length === 0 || !(await control.answers())) return [];
  const guard = (says: string, act: () => Promise<void>): Step => ({
    says,
    act: () => act().catch((cause: unknown) => stayAsIs(cause, control, files.fail2ban)),
  });
  const jails = parseJailFile((await readIfPresent(places.jailFile)) ?? '');
  return [guard(control.says('-t'), () => control.test()), guard(control.says('reload'), () => control.reload(jails))];
}

/** @throws SetupError always */
async function stayAsIs(cause: unknown, control: Fail2banControl, returns: readonly Return[]): Promise<never> {
  for (const { path, now } of returns) await restoreState(path, now);
  const left = await control.settle();
  const more = left.length === 0 ? '' : `, and fail2ban says of that: ${left.join('; ')}`;
  throw new SetupError(
    `fail2ban does not take its files without setup's: ${describeError(cause)}\nall files are as setup made them again${more}`,
  );
}

/** @param isTold what stays in it is told later */
function folderStep(path: string, { print }: SetupHost, isTold: boolean): Step {
  return {
    says: `remove the folder ${path}, if it is empty`,
    act: async () => {
      if (!(await removeFolder(path)) && !isTold) print(`stays: ${path}: it is not empty`);
    },
  };
}

async function forget(record: SetupRecord, recorded: Recorded, { kept }: SortedFiles): Promise<void> {
  if (kept.length === 0) await record.remove();
  else await record.write({ ...recorded, files: kept, enabledAgent: false });
}
