import { join } from 'node:path';
import { enumerate } from '../../shared/enumerate.ts';
import { type Command, formatCommand, type RunCommand } from '../../shared/host/command-runner.ts';
import { NotAnsweringError, NotRunningError } from '../../shared/host/local-socket.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { commandStep, type Step } from '../../shared/host/setup-step.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { configWords, serverService } from '../service.ts';
import { readAccounts } from './accounts.ts';
import { allGrants } from './grants.ts';
import { isPresent, serviceUser } from './host-files.ts';
import { planUndo } from './plan-accounts.ts';
import { placesBeside } from './plan-files.ts';
import { dropInFile } from './plan-without-proxmox.ts';
import { follow } from './steps.ts';

export interface UndoOptions {
  readonly configFile: string;
  /** `USER@REALM!TOKENID` */
  readonly token: string;
  /** The folder of the ledger. */
  readonly ledgerFolder: string;
  readonly isConfirmed: boolean;
  /** Whether entries may stay in firewalls. */
  readonly leavesEntries: boolean;
}

export interface UndoHost {
  readonly run: RunCommand;
  /** `/etc/pve` */
  readonly proxmoxFolder: string;
  /** `/etc/systemd/system`; undefined where no systemd runs. */
  readonly unitFolder: string | undefined;
  /** Whether systemd knows the server's unit. */
  readonly isUnitKnown: boolean;
  /** Asks the running server. @throws NotRunningError, NotAnsweringError */
  readonly askServer: (verb: 'status' | 'panic') => Promise<Readonly<Record<string, unknown>>>;
  readonly print: (text: string) => void;
}

/**
 * Takes back what setup did: our entries leave the firewalls while somebody is there who can take them off, then the service goes, and
 * then what it needed at Proxmox. Names what stays, with the command that removes it.
 *
 * @throws SetupError when entries would stay that nobody takes off any more; CommandError
 */
export async function undo(options: UndoOptions, host: UndoHost): Promise<void> {
  const { isConfirmed, token } = options;
  const { run, proxmoxFolder } = host;
  const isOnProxmox = await isPresent(join(proxmoxFolder, 'local'));
  const user = token.split('!')[0] ?? '';
  const commands = isOnProxmox ? planUndo(await readAccounts(run, user), { token, grants: allGrants }) : [];
  const steps = [
    ...(options.leavesEntries ? [] : [takeOffStep(options, host, await isRunning(host))]),
    ...(await serviceSteps(host)),
    ...commands.map((command) => commandStep(run, command)),
  ];
  await follow({ kept: [], steps }, isConfirmed, host.print);
  await printWhatStays(options, host, isOnProxmox);
}

async function isRunning({ askServer }: UndoHost): Promise<boolean> {
  try {
    await askServer('status');
    return true;
  } catch (error) {
    if (error instanceof NotRunningError || error instanceof NotAnsweringError) return false;
    throw error;
  }
}

function commandOf(configFile: string, ...words: readonly string[]): string {
  return formatCommand([serverService().name, ...words, ...configWords(configFile)]);
}

function takeOffStep({ configFile }: UndoOptions, { askServer }: UndoHost, isServerThere: boolean): Step {
  const entriesStay = (why: string): string =>
    `${why}; without it nobody takes its entries off the firewalls. Start it, and see it come right: ` +
    `${commandOf(configFile, 'panic')}; or leave them where they are: ` +
    commandOf(configFile, 'setup', '--undo', '--leave-entries', '--yes');
  return {
    says: `${commandOf(configFile, 'panic')}   (its entries leave every firewall)${isServerThere ? '' : ': THE SERVER DOES NOT ANSWER'}`,
    act: async () => {
      if (!isServerThere) throw new SetupError(entriesStay('the server does not answer'));
      const { outcome, enforcers } = await askServer('panic');
      if (outcome !== 'done') throw new SetupError(entriesStay(`not all are taken off: ${namesIn(enforcers)}`));
    },
  };
}

/** The firewalls that were not emptied. */
function namesIn(enforcers: unknown): string {
  const all = Array.isArray(enforcers) ? enforcers.filter(isObject) : [];
  return enumerate(all.filter(({ ours }) => ours !== 0).map(({ name }) => String(name)));
}

async function serviceSteps({ run, unitFolder, isUnitKnown }: UndoHost): Promise<readonly Step[]> {
  if (unitFolder === undefined) return [];
  const dropIn = dropInFile(unitFolder);
  const commands: readonly Command[] = [
    ...(isUnitKnown ? [['systemctl', 'disable', '--now', serverService().name] satisfies Command] : []),
    ...((await isPresent(dropIn)) ? [['rm', dropIn] satisfies Command] : []),
  ];
  return commands.map((command) => commandStep(run, command));
}

async function printWhatStays(
  { configFile, ledgerFolder }: UndoOptions,
  host: UndoHost,
  isOnProxmox: boolean,
): Promise<void> {
  const { tokenFile, caFile, clusterCopy, folder } = placesBeside(configFile);
  const made = [
    tokenFile,
    caFile,
    clusterCopy,
    ...['certificate.pem', 'certificate.key'].map((name) => join(folder, name)),
  ];
  const files: string[] = [];
  for (const file of [configFile, ...made]) if (await isPresent(file)) files.push(file);
  const lines = [
    ...(host.unitFolder === undefined ? ['the process of the server, if it runs: end it where it was started'] : []),
    ...(files.length === 0 ? [] : [`its files: ${formatCommand(['rm', ...files])}`]),
    `the ledger, with the keys of all hosts: ${formatCommand(['rm', '-r', ledgerFolder])}`,
    `the user of this host: ${formatCommand(['userdel', serviceUser])}`,
    ...(isOnProxmox ? [ipsetStays] : []),
    `the program: ${formatCommand(['npm', 'uninstall', '--global', 'fail2networkban'])}`,
    'on each host: fail2networkban setup --undo',
  ];
  host.print(`\nWhat stays, and what removes it:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

const ipsetStays =
  "the ipset, which may hold others' entries: pvesh get /cluster/firewall/ipset/blacklist; when it is empty: " +
  'pvesh delete /cluster/firewall/ipset/blacklist';
