import { type Command, CommandError, type RunCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import type { Grantee } from './grants.ts';

/** One line of Proxmox's access control list. */
export interface AclEntry extends Grantee {
  readonly path: string;
  readonly role: string;
  readonly isPropagated: boolean;
}

/** What of Proxmox's users and permissions bears on the server's. */
export interface Accounts {
  /** Privileges by role. */
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  readonly users: ReadonlySet<string>;
  /** The tokens of the server's user, as `USER@REALM!TOKENID`. */
  readonly tokens: ReadonlySet<string>;
  /** Of users and tokens; groups are left out. */
  readonly acl: readonly AclEntry[];
}

/** Asks `pveum`. Changes nothing. @throws SetupError where there is no Proxmox, CommandError when `pveum` says no */
export async function readAccounts(run: RunCommand, user: string): Promise<Accounts> {
  const roles = await list(run, ['pveum', 'role', 'list']);
  const users = new Set((await list(run, ['pveum', 'user', 'list'])).map(({ userid }) => String(userid)));
  const tokens = users.has(user) ? await list(run, ['pveum', 'user', 'token', 'list', user]) : [];
  const acl = await list(run, ['pveum', 'acl', 'list']);
  return {
    roles: new Map(roles.map(({ roleid, privs }) => [String(roleid), new Set(String(privs ?? '').split(','))])),
    users,
    tokens: new Set(tokens.map(({ tokenid }) => `${user}!${tokenid}`)),
    acl: acl.flatMap(({ type, ugid, path, roleid, propagate }) =>
      type === 'user' || type === 'token'
        ? [{ type, id: String(ugid), path: String(path), role: String(roleid), isPropagated: Number(propagate) === 1 }]
        : [],
    ),
  };
}

async function list(run: RunCommand, command: Command): Promise<Readonly<Record<string, unknown>>[]> {
  const text = await run([...command, '--output-format', 'json']).catch((cause: unknown) => {
    if (!(cause instanceof CommandError && cause.code === 'absent')) throw cause;
    throw new SetupError('pveum is not here: setup runs on a Proxmox VE host', { cause });
  });
  const items: unknown = JSON.parse(text);
  if (Array.isArray(items) && items.every(isObject)) return items;
  throw new SetupError(`${command.join(' ')} did not answer with a list`);
}
