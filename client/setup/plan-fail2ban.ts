import { join } from 'node:path';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import type { Plan, Step } from '../../shared/host/setup-step.ts';
import { mayWrite } from '../doctor/judge-queue.ts';
import type { JailFacts } from '../doctor/read-fail2ban.ts';
import { readUnit, unitQuestion } from '../doctor/read-queue.ts';
import { actionName, isOurAction } from '../jails.ts';
import type { Changes } from './changes.ts';
import type { Fail2banControl } from './fail2ban-control.ts';
import type { Places, SetupHost } from './host.ts';
import { isThere } from './host-files.ts';
import { planFiles, type WantedFile } from './plan-files.ts';
import { findLoss, formatJailFile, leaveOut, parseJailFile, planJails } from './plan-jails.ts';
import { findUnwirable } from './probe-jails.ts';
import { actionFiles, peerFiles, readShipped } from './shipped-files.ts';

/** What of the options is about fail2ban. */
export interface Fail2banWish {
  readonly jails: readonly string[];
  readonly takesPeers: boolean;
}

export interface Fail2banSurroundings {
  readonly host: SetupHost;
  readonly places: Places;
  readonly control: Fail2banControl;
  readonly changes: Changes;
}

/** fail2ban's files, and what makes fail2ban take them. @throws SetupError */
export async function planFail2ban(wish: Fail2banWish, surroundings: Fail2banSurroundings): Promise<Plan> {
  const { control, places, changes } = surroundings;
  const running = await control.readJails();
  const before = parseJailFile((await readIfPresent(places.jailFile)) ?? '');
  const shipped = await shippedFiles(wish, places);
  const all = planJails(running, wish.jails, before);
  const unwirable = await findUnwirable(isSame(all.listed, before) ? [] : all.listed, {
    folder: places.fail2ban,
    others: shipped,
    fileOf: (names) => jailFile(names, places),
    readWired: (folder) => control.readWired(folder),
  });
  const jails = leaveOut(all, unwirable, actionLine(places));
  const wanted = [...shipped, ...(jails.listed.length === 0 ? [] : [jailFile(jails.listed, places)])];
  const dropIn = await wantedDropIn(surroundings);
  const files = await planFiles([...wanted, ...dropIn], changes);
  const isChanged = files.changed.size > 0 || jails.toRestart.length > 0;
  const reloads = files.changed.has(places.dropIn)
    ? [restartStep(control)]
    : reloadSteps(control, needsReload(files.changed, places, running), jails.toRestart);
  const wired = running.filter(({ name }) => jails.listed.includes(name));
  return {
    kept: [...files.kept, ...jails.kept],
    steps: isChanged ? [...files.steps, testStep(control), ...reloads, verifyStep(control, wired)] : [],
  };
}

async function shippedFiles({ takesPeers }: Fail2banWish, { fail2ban }: Places): Promise<readonly WantedFile[]> {
  const names = takesPeers ? [...actionFiles, ...peerFiles] : actionFiles;
  return await Promise.all(
    names.map(async (name) => ({ path: join(fail2ban, name), text: await readShipped(name), mode: 0o644 })),
  );
}

const defaultSpool = '/var/spool/fail2networkban';
/** What neither an action's parameter nor a unit reads specially. */
const plainPath = /^[\w./-]+$/;

function jailFile(jails: readonly string[], places: Places): WantedFile {
  return { path: places.jailFile, text: formatJailFile(jails, actionLine(places)), mode: 0o644 };
}

/** As it stands in a jail. */
function actionLine({ spool }: Places): string {
  if (!plainPath.test(spool)) {
    throw new SetupError(`the spool ${JSON.stringify(spool)}: setup takes a path of A-Z a-z 0-9 _ . / - alone`);
  }
  return spool === defaultSpool ? actionName : `${actionName}[spool=${spool}]`;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** Where fail2ban's unit is hardened its action may not write to the spool. */
async function wantedDropIn({ host, places }: Fail2banSurroundings): Promise<readonly WantedFile[]> {
  const { dropIn: path, spool, systemd } = places;
  if (!(await isThere(systemd))) return [];
  const text = `# Written by \`fail2networkban setup\`: fail2ban's action appends to a file of this folder.\n[Service]\nReadWritePaths=-${spool}\n`;
  const unit = readUnit(await host.run(unitQuestion));
  const isNeeded = unit.kind === 'known' && !mayWrite(spool, unit);
  return isNeeded || (await isThere(path)) ? [{ path, text, mode: 0o644 }] : [];
}

function testStep(control: Fail2banControl): Step {
  return { says: control.says('-t'), act: () => control.test() };
}

function restartStep(control: Fail2banControl): Step {
  return { says: 'systemctl daemon-reload; systemctl restart fail2ban', act: () => control.restartService() };
}

/** What a restart of single jails does not bring: new jails, and a new text of an action that runs already. */
function needsReload(changed: ReadonlySet<string>, { fail2ban }: Places, running: readonly JailFacts[]): boolean {
  const isRunning = running.some(({ actions }) => actions.some(isOurAction));
  const names = isRunning ? [...actionFiles, ...peerFiles] : peerFiles;
  return names.some((name) => changed.has(join(fail2ban, name)));
}

function reloadSteps(control: Fail2banControl, isReloaded: boolean, jails: readonly JailFacts[]): readonly Step[] {
  const reload = { says: control.says('reload'), act: () => control.reload() };
  const restarts = jails.map(({ name }) => ({
    says: control.says('reload', '--restart', name),
    act: () => control.restart(name),
  }));
  return [...(isReloaded ? [reload] : []), ...restarts];
}

function verifyStep(control: Fail2banControl, jails: readonly JailFacts[]): Step {
  return {
    says: 'look whether each jail has its own actions still, and ours',
    act: async () => {
      for (const jail of jails) {
        const loss = findLoss(jail, await control.readJail(jail.name));
        if (loss !== undefined) throw new SetupError(loss);
      }
    },
  };
}
