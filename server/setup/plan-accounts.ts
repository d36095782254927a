import type { Command } from '../../shared/host/command-runner.ts';
import type { Accounts } from './accounts.ts';
import { type Grant, type Grantee, grantCommand, granteesOf, makeRoleCommand, withdrawCommand } from './grants.ts';

/** What has to be done at Proxmox, in this order; what is there already is left out. */
export interface AccountPlan {
  readonly before: readonly Command[];
  /** Prints the token's secret, once. Undefined: the token is there. */
  readonly makeToken: Command | undefined;
  /** A token must exist before it is given anything. */
  readonly after: readonly Command[];
}

/** What the server's token should be and may. */
export interface WantedAccounts {
  /** `USER@REALM!TOKENID` */
  readonly token: string;
  readonly grants: readonly Grant[];
}

/** Makes what is missing. Whatever else the user and the token may is left alone. */
export function planAccounts(accounts: Accounts, { token, grants }: WantedAccounts): AccountPlan {
  const { user, name } = splitToken(token);
  const [ofUser, ofToken] = granteesOf(token).map((grantee) =>
    grants.filter((grant) => !isGranted(accounts, grant, grantee)).map((grant) => grantCommand(grant, grantee)),
  );
  const addUser: Command = ['pveum', 'user', 'add', user, '--comment', 'fail2networkban server'];
  return {
    before: [
      ...grants.flatMap((grant) => planRole(accounts, grant)),
      ...(accounts.users.has(user) ? [] : [addUser]),
      ...(ofUser ?? []),
    ],
    makeToken: accounts.tokens.has(token)
      ? undefined
      : ['pveum', 'user', 'token', 'add', user, name, '--privsep', '1', '--output-format', 'json'],
    after: ofToken ?? [],
  };
}

/**
 * Takes away what {@link planAccounts} made. The user stays when it has other tokens or permissions, a role when somebody
 * else has it.
 *
 * @param grants all that may have been given
 */
export function planUndo(accounts: Accounts, { token, grants }: WantedAccounts): readonly Command[] {
  const { user, name } = splitToken(token);
  const ours = grants.flatMap((grant) =>
    granteesOf(token)
      .filter((grantee) => hasEntry(accounts, grant, grantee))
      .map((grantee) => ({ grant, grantee })),
  );
  const others = accounts.acl.filter((entry) => !ours.some(({ grant, grantee }) => isOf(entry, grant, grantee)));
  const freeRoles = grants.filter(
    ({ role }) => accounts.roles.has(role) && !others.some((entry) => entry.role === role),
  );
  const isUserFree = accounts.users.has(user) && !isUsedElsewhere(user, others) && !hasOtherToken(accounts, token);
  return [
    ...ours.map(({ grant, grantee }) => withdrawCommand(grant, grantee)),
    ...(accounts.tokens.has(token) ? [removeTokenCommand(user, name)] : []),
    ...(isUserFree ? [['pveum', 'user', 'delete', user] satisfies Command] : []),
    ...freeRoles.map(({ role }): Command => ['pveum', 'role', 'delete', role]),
  ];
}

function isUsedElsewhere(user: string, entries: Accounts['acl']): boolean {
  return entries.some(({ id }) => id === user || id.startsWith(`${user}!`));
}

function hasOtherToken({ tokens }: Accounts, token: string): boolean {
  return [...tokens].some((other) => other !== token);
}

export function removeTokenCommand(user: string, name: string): Command {
  return ['pveum', 'user', 'token', 'remove', user, name];
}

export function splitToken(token: string): { readonly user: string; readonly name: string } {
  const [user = '', name = ''] = token.split('!');
  return { user, name };
}

function planRole({ roles }: Accounts, grant: Grant): readonly Command[] {
  const privileges = roles.get(grant.role);
  if (privileges === undefined) return [makeRoleCommand(grant)];
  if (privileges.size === 1 && privileges.has(grant.privilege)) return [];
  return [['pveum', 'role', 'modify', grant.role, '--privs', grant.privilege]];
}

function isGranted(accounts: Accounts, grant: Grant, grantee: Grantee): boolean {
  return accounts.acl.some((entry) => isOf(entry, grant, grantee) && entry.isPropagated === grant.isPropagated);
}

function hasEntry(accounts: Accounts, grant: Grant, grantee: Grantee): boolean {
  return accounts.acl.some((entry) => isOf(entry, grant, grantee));
}

function isOf(entry: Accounts['acl'][number], grant: Grant, grantee: Grantee): boolean {
  return (
    entry.type === grantee.type && entry.id === grantee.id && entry.path === grant.path && entry.role === grant.role
  );
}
