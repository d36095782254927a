import { dirname } from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { type Command, formatCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import type { Step } from '../../shared/host/setup-step.ts';
import { disableAgent } from './agent-unit.ts';
import { Fail2banControl } from './fail2ban-control.ts';
import { isUnder, type Places, type SetupHost } from './host.ts';
import { type FileState, isThere, readState, removeFolder, restoreState } from './host-files.ts';
import { parseJailFile } from './plan-jails.ts';
import { nothingRecorded, type Recorded, type RecordedFile, SetupRecord, sha256Of } from './record.ts';
import { checkProcess, findPlaces } from './setup.ts';

export interface UndoOptions {
  readonly config: string;
  readonly isDry: boolean;
}

/**
 * Takes back all that setup did, also over several runs. A file that was changed since stays, and with it those that it
 * belongs together with. When fail2ban does not take its files as they were, all stays as it is.
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
  const control = new Fail2banControl(host, places, settings);
  const steps = await planUndo({ host, places, control, recorded, files });
  for (const { says, act } of steps) {
    host.print(isDry ? `would do: ${says}` : says);
    if (!isDry) await act();
  }
  if (!isDry) await forget(record, recorded, files);
  return files.kept.length === 0;
}

/** A file that goes back to what it was. */
interface Return {
  readonly path: string;
  readonly now: FileState | undefined;
  readonly before: FileState | undefined;
}

interface SortedFiles {
  /** The last that was made first. */
  readonly returns: readonly Return[];
  readonly kept: readonly RecordedFile[];
  /** Says which stay, and why. */
  readonly stays: readonly string[];
}

async function sortOut({ files }: Recorded, places: Places, record: SetupRecord): Promise<SortedFiles> {
  const read = await Promise.all(files.map(async (file) => ({ file, ...(await compare(file, record)) })));
  const changed = read.filter(({ isChanged }) => isChanged).map(({ file }) => file);
  const stuck = new Set(changed.map(({ path }) => groupOf(path, places)));
  const kept = read.filter(({ file }) => stuck.has(groupOf(file.path, places))).map(({ file }) => file);
  return {
    returns: read
      .filter(({ file }) => !kept.includes(file))
      .map(({ file, now, before }) => ({ path: file.path, now, before }))
      .reverse(),
    kept,
    stays: kept.map((file) => sayStay(file, changed.includes(file), record)),
  };
}

async function compare({ path, sha256, backup, mode }: RecordedFile, record: SetupRecord) {
  const now = await readState(path);
  const before = backup === null ? undefined : { text: await record.kept(backup), mode: mode ?? 0o600 };
  return { now, before, isChanged: now !== undefined && sha256Of(now.text) !== sha256 && now.text !== before?.text };
}

/** Files that need one another: client.ini its key, the jails their action. */
function groupOf(path: string, { fail2ban }: Places): string {
  return isUnder(fail2ban, path) ? fail2ban : dirname(path);
}

function sayStay({ path, backup }: RecordedFile, isChanged: boolean, record: SetupRecord): string {
  const reason = isChanged ? 'it was changed since' : 'it belongs to one that was changed since';
  const was = backup === null ? 'there was none before setup' : `as it was before: ${record.pathOf(backup)}`;
  return `stays: ${path}: ${reason} (${was})`;
}

interface Work {
  readonly host: SetupHost;
  readonly places: Places;
  readonly control: Fail2banControl;
  readonly recorded: Recorded;
  readonly files: SortedFiles;
}

async function planUndo(work: Work): Promise<readonly Step[]> {
  const { host, places, recorded, files } = work;
  const hasSystemd = await isThere(places.systemd);
  const command = (words: Command): Step => ({
    says: formatCommand(words),
    act: async () => void (await host.run(words)),
  });
  return [
    ...files.returns.map(returnStep),
    ...(await fail2banSteps(work)),
    ...(hasSystemd && files.returns.some(({ path }) => path === places.dropIn || path === places.nftablesDropIn)
      ? [command(['systemctl', 'daemon-reload'])]
      : []),
    ...(hasSystemd && recorded.enabledAgent ? [command(disableAgent)] : []),
    ...recorded.folders.toReversed().map((path) => folderStep(path, host)),
  ];
}

function returnStep({ path, before }: Return): Step {
  return {
    says: before === undefined ? `remove ${path}` : `put back ${path} as it was`,
    act: () => restoreState(path, before),
  };
}

/** A fail2ban that does not run reads its files when it starts. */
async function fail2banSteps({ control, places, files }: Work): Promise<readonly Step[]> {
  const isConcerned = files.returns.some(({ path }) => isUnder(places.fail2ban, path));
  if (!isConcerned || !(await control.answers())) return [];
  const guard = (says: string, act: () => Promise<void>): Step => ({
    says,
    act: () => act().catch((cause: unknown) => stayAsIs(cause, control, files.returns)),
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

function folderStep(path: string, { print }: SetupHost): Step {
  return {
    says: `remove the folder ${path}, if it is empty`,
    act: async () => {
      if (!(await removeFolder(path))) print(`stays: ${path}: it is not empty`);
    },
  };
}

async function forget(record: SetupRecord, recorded: Recorded, { kept }: SortedFiles): Promise<void> {
  if (kept.length === 0) await record.remove();
  else await record.write({ ...recorded, files: kept, enabledAgent: false });
}
