import { join } from 'node:path';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { type Command, formatCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { commandStep, type Plan, type Step } from '../../shared/host/setup-step.ts';
import type { Supervisor } from '../../shared/host/supervisor.ts';
import { parseObject } from '../../shared/sealed-channel.ts';
import { configWords, serverService } from '../service.ts';
import type { CertificateFiles } from '../settings.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { auditGrant, guestGrant, modifyGrant } from './grants.ts';
import { isPresent, requireServiceUser, serviceUser, writeWhole } from './host-files.ts';
import { type AccountPlan, planAccounts, removeTokenCommand, splitToken } from './plan-accounts.ts';
import { type Places, placesBeside, planClusterCopy, planConfiguration, planGround } from './plan-files.ts';
import { type PlainHost, planWithoutProxmox } from './plan-without-proxmox.ts';
import { follow } from './steps.ts';
import { type UndoHost, undo } from './undo.ts';

/** What the command line says. */
export interface SetupOptions {
  readonly configFile: string;
  /** The folder of the ledger. */
  readonly ledgerFolder: string;
  /** The user at Proxmox, as `fail2networkban@pve`. */
  readonly user: string;
  /** Whether the doctor may see guests. */
  readonly auditsGuests: boolean;
  readonly isWithoutProxmox: boolean;
  /** The administrator's own, for a server without Proxmox; undefined: one is made. */
  readonly certificate?: CertificateFiles;
  /** Without it everything is only said. */
  readonly isConfirmed: boolean;
  readonly isUndo: boolean;
  /** Undo leaves entries in firewalls. */
  readonly leavesEntries: boolean;
}

/** What the process and the host give to setup. */
export interface SetupHost extends PlainHost, UndoHost {
  readonly isRoot: boolean;
  readonly supervisor: Supervisor;
  /** Looks whether it works. */
  readonly diagnose: () => Promise<void>;
}

export const defaultUser = 'fail2networkban@pve';

const tokenName = 'server';
/** What setup makes unless told another user. */
export const setupToken = `${defaultUser}!${tokenName}`;
/** root may do everything, so a token of root's could not be kept to less. */
const userPattern = /^(?!root@)[^\s:/@!,]{1,60}@[A-Za-z][A-Za-z0-9._-]*$/;

/**
 * Makes the server's user and token at Proxmox with the least privileges, and the files that the service reads; or, without a
 * Proxmox, a certificate and the files. What is there already stays, so a second run is harmless. Unless confirmed it only says
 * what it would do.
 *
 * @throws SetupError, CommandError
 */
export async function setUp(options: SetupOptions, host: SetupHost): Promise<void> {
  if (!host.isRoot) throw new SetupError('setup must run as root: it makes users and files of the system');
  checkUser(options.user);
  if (options.isUndo) await undo({ ...options, token: tokenOf(options) }, host);
  else await make(options, host);
}

function checkUser(user: string): void {
  if (!userPattern.test(user)) throw new SetupError(`--user ${user}: allowed is NAME@REALM, and not root`);
}

async function checkPlace(
  { isWithoutProxmox, certificate }: SetupOptions,
  { proxmoxFolder }: SetupHost,
): Promise<void> {
  const isOnProxmox = await isPresent(join(proxmoxFolder, 'local'));
  if (!isOnProxmox && !isWithoutProxmox) {
    throw new SetupError(
      `${proxmoxFolder}/local is not there: on a Proxmox VE host, see that pve-cluster runs; for a server without Proxmox: ` +
        'fail2networkban-server setup --no-proxmox',
    );
  }
  if (certificate !== undefined && !isWithoutProxmox) {
    throw new SetupError(
      '--certificate goes with --no-proxmox; on a Proxmox host set certificate and certificate_key in server.ini',
    );
  }
}

function tokenOf({ user }: SetupOptions): string {
  return `${user}!${tokenName}`;
}

async function make(options: SetupOptions, host: SetupHost): Promise<void> {
  const { isConfirmed, isWithoutProxmox, configFile, certificate } = options;
  await checkPlace(options, host);
  const plan = isWithoutProxmox
    ? await planWithoutProxmox(placesBeside(configFile), certificate, host)
    : await planAll(options, host);
  await follow(plan, isConfirmed, host.print);
  host.print(`\nTo undo it: ${formatCommand(['fail2networkban-server', 'setup', '--undo', ...wordsOf(options)])}`);
  if (!isConfirmed) return;
  host.print(`Next: ${host.supervisor.start(serverService(configFile))}`);
  const add = formatCommand(['fail2networkban-server', 'client', 'add', 'NAME', ...configWords(configFile)]);
  host.print(`Then, for each host: ${add}\n`);
  await host.diagnose();
}

/** The options that make it the same installation. */
function wordsOf({ user, configFile }: SetupOptions): readonly string[] {
  return [...configWords(configFile), ...(user === defaultUser ? [] : ['--user', user])];
}

async function planAll(options: SetupOptions, host: SetupHost): Promise<Plan> {
  const places = placesBeside(options.configFile);
  const token = tokenOf(options);
  const accounts = await readAccounts(host.run, options.user);
  await requireSecret(accounts, options, places);
  const grants = options.auditsGuests ? [modifyGrant, auditGrant, guestGrant] : [modifyGrant, auditGrant];
  const ground = await planGround(places, host);
  const copy = await planClusterCopy(places, host);
  const account = planAccounts(accounts, { token, grants });
  const configuration = await planConfiguration(places, host);
  const keptToken = account.makeToken === undefined ? [`token ${token}`] : [];
  return {
    kept: [...ground.kept, ...copy.kept, ...keptToken, ...configuration.kept],
    steps: [...ground.steps, ...copy.steps, ...accountSteps(account, places, host), ...configuration.steps],
  };
}

/** Proxmox shows a token's secret once. One whose secret is lost must be made anew, which only the operator may decide. */
async function requireSecret({ tokens }: Accounts, options: SetupOptions, { tokenFile }: Places): Promise<void> {
  const token = tokenOf(options);
  if (!tokens.has(token) || (await readIfPresent(tokenFile))?.startsWith(`${token}=`)) return;
  const { user, name } = splitToken(token);
  throw new SetupError(
    `the token ${token} is there, but ${tokenFile} does not hold its secret, which Proxmox shows only once; ` +
      `to make a new one: ${formatCommand(removeTokenCommand(user, name))} && ` +
      formatCommand(['fail2networkban-server', 'setup', '--yes', ...wordsOf(options)]),
  );
}

function accountSteps({ before, makeToken, after }: AccountPlan, places: Places, host: SetupHost): Step[] {
  const step = (command: Command): Step => commandStep(host.run, command);
  const token = makeToken === undefined ? [] : [tokenStep(makeToken, places, host)];
  return [...before.map(step), ...token, ...after.map(step)];
}

function tokenStep(command: Command, { tokenFile }: Places, { run }: SetupHost): Step {
  return {
    says: `${formatCommand(command)}   (the secret goes to ${tokenFile}, mode 0600, for ${serviceUser})`,
    act: async () => {
      const owner = await requireServiceUser(run);
      const { 'full-tokenid': id, value } = parseObject(await run(command)) ?? {};
      if (typeof id !== 'string' || typeof value !== 'string') {
        throw new SetupError('pveum did not tell the secret of the new token');
      }
      await writeWhole(tokenFile, `${id}=${value}\n`, { ...owner, mode: 0o600 });
    },
  };
}
