import { join } from 'node:path';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { type Command, formatCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { commandStep, type Plan, type Step } from '../../shared/host/setup-step.ts';
import { parseObject } from '../../shared/sealed-channel.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { allGrants, auditGrant, guestGrant, modifyGrant } from './grants.ts';
import { isPresent, requireServiceUser, serviceUser, writeWhole } from './host-files.ts';
import { type AccountPlan, planAccounts, planUndo, removeTokenCommand, splitToken } from './plan-accounts.ts';
import {
  type FileHost,
  type Places,
  placesBeside,
  planClusterCopy,
  planConfiguration,
  planGround,
} from './plan-files.ts';
import { follow } from './steps.ts';

/** What the command line says. */
export interface SetupOptions {
  readonly configFile: string;
  /** The user at Proxmox, as `fail2networkban@pve`. */
  readonly user: string;
  /** Whether the doctor may see guests. */
  readonly auditsGuests: boolean;
  /** Without it everything is only said. */
  readonly isConfirmed: boolean;
  readonly isUndo: boolean;
}

/** What the process and the host give to setup. */
export interface SetupHost extends FileHost {
  readonly isRoot: boolean;
  readonly print: (text: string) => void;
  /** Looks whether it works. */
  readonly diagnose: () => Promise<void>;
}

export const defaultUser = 'fail2networkban@pve';

const tokenName = 'server';
/** What setup makes unless told another user. */
export const setupToken = `${defaultUser}!${tokenName}`;
/** root may do everything, so a token of root's could not be kept to less. */
const userPattern = /^(?!root@)[^\s:/@!,]{1,60}@[A-Za-z][A-Za-z0-9._-]*$/;
const unitFile = join(import.meta.dirname, '..', '..', '..', 'systemd', 'fail2networkban-server.service');

/**
 * Makes the server's user and token at Proxmox with the least privileges, and the files that the service reads. What is
 * there already stays, so a second run is harmless. Unless confirmed it only says what it would do.
 *
 * @throws SetupError, CommandError
 */
export async function setUp(options: SetupOptions, host: SetupHost): Promise<void> {
  await check(options, host);
  if (options.isUndo) await undo(options, host);
  else await make(options, host);
}

async function check({ user }: SetupOptions, { isRoot, proxmoxFolder }: SetupHost): Promise<void> {
  if (!userPattern.test(user)) throw new SetupError(`--user ${user}: allowed is NAME@REALM, and not root`);
  if (!isRoot) throw new SetupError('setup must run as root: pveum and /etc/pve are for root alone');
  if (!(await isPresent(join(proxmoxFolder, 'local')))) {
    throw new SetupError(
      `${proxmoxFolder}/local is not there: setup runs on a Proxmox VE host whose pve-cluster is up`,
    );
  }
}

async function make(options: SetupOptions, host: SetupHost): Promise<void> {
  const { user, isConfirmed } = options;
  await follow(await planAll(options, host), isConfirmed, host.print);
  host.print(`\nTo undo it: fail2networkban-server setup --undo${userWords(user)}`);
  if (!isConfirmed) return;
  host.print(`Next: systemctl enable --now ${unitFile}`);
  host.print('Then, for each host: fail2networkban-server client add NAME\n');
  await host.diagnose();
}

async function undo({ user, configFile, isConfirmed }: SetupOptions, { run, print }: SetupHost): Promise<void> {
  const commands = planUndo(await readAccounts(run, user), { token: `${user}!${tokenName}`, grants: allGrants });
  await follow({ kept: [], steps: commands.map((command) => commandStep(run, command)) }, isConfirmed, print);
  const { tokenFile, caFile } = placesBeside(configFile);
  const files = [tokenFile, caFile, configFile, '/var/lib/fail2networkban'];
  print('\nThe files and the user of this host stay. To remove them too:');
  print(`  ${formatCommand(['rm', '-r', ...files])}; ${formatCommand(['userdel', serviceUser])}`);
}

function userWords(user: string): string {
  return user === defaultUser ? '' : ` --user ${user}`;
}

async function planAll(options: SetupOptions, host: SetupHost): Promise<Plan> {
  const places = placesBeside(options.configFile);
  const token = `${options.user}!${tokenName}`;
  const accounts = await readAccounts(host.run, options.user);
  await requireSecret(accounts, token, places);
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
async function requireSecret({ tokens }: Accounts, token: string, { tokenFile }: Places): Promise<void> {
  if (!tokens.has(token) || (await readIfPresent(tokenFile))?.startsWith(`${token}=`)) return;
  const { user, name } = splitToken(token);
  throw new SetupError(
    `the token ${token} is there, but ${tokenFile} does not hold its secret, which Proxmox shows only once; ` +
      `to make a new one: ${formatCommand(removeTokenCommand(user, name))} && fail2networkban-server setup --yes${userWords(user)}`,
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
