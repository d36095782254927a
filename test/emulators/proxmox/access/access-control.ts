import { randomUUID } from 'node:crypto';
import type { AclEntry, EmulatedToken, EmulatedUser } from './accounts.ts';

/** A token that has proved its secret. */
export interface Caller {
  /** `USER@REALM!TOKENID`. */
  readonly id: string;
  readonly user: EmulatedUser;
  readonly token: EmulatedToken;
}

/** What a caller has on one path: privilege to whether it also counts below (Proxmox answers 1 or 0). */
export type Privileges = ReadonlyMap<string, boolean>;

/** Why a request is not let in, the reason phrase of the 401. */
export type AuthenticationRefusal = 'No ticket' | 'Authentication failed!';

const HEADER = /^PVEAPIToken[= ]([^!]+)!([^=:]+)=(.+)$/;
const TOP_LEVEL_PATHS = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'];
const ROOT_PRIVILEGES = [
  'Permissions.Modify',
  'Sys.Audit',
  'Sys.Console',
  'Sys.Modify',
  'VM.Audit',
  'VM.Config.Network',
];

/** Users, their tokens with secrets made at the start, and their ACLs, evaluated as PVE::AccessControl does. */
export class AccessControl {
  /** Ids (`USER@REALM!TOKENID`) that count as removed; may be changed at any time. */
  readonly revoked = new Set<string>();
  readonly #users: readonly EmulatedUser[];
  readonly #secrets = new Map<string, string>();

  constructor(users: readonly EmulatedUser[]) {
    this.#users = users;
    for (const user of users) {
      for (const token of user.tokens) this.#secrets.set(`${user.id}!${token.name}`, token.secret ?? randomUUID());
    }
  }

  /** Every token in full, `USER@REALM!TOKENID=SECRET`. */
  get tokens(): readonly string[] {
    return [...this.#secrets].map(([id, secret]) => `${id}=${secret}`);
  }

  /**
   * The token in full, `USER@REALM!TOKENID=SECRET`.
   *
   * @throws when there is no token of that id
   */
  tokenOf(id: string): string {
    const secret = this.#secrets.get(id);
    if (secret === undefined) throw new Error(`no token ${id} in this emulated Proxmox`);
    return `${id}=${secret}`;
  }

  /** Finds the caller that an `Authorization` header proves, or says why there is none. */
  authenticate(header: string | undefined): Caller | AuthenticationRefusal {
    if (header === undefined || !header.startsWith('PVEAPIToken')) return 'No ticket';
    const [, userId = '', name = '', secret] = HEADER.exec(header) ?? [];
    const id = `${userId}!${name}`;
    const user = this.#users.find((candidate) => candidate.id === userId);
    const token = user?.tokens.find((candidate) => candidate.name === name);
    if (user === undefined || token === undefined || user.enabled === false) return 'Authentication failed!';
    if (secret !== this.#secrets.get(id) || this.revoked.has(id)) return 'Authentication failed!';
    if (token.expireAt !== undefined && token.expireAt * 1000 < Date.now()) return 'Authentication failed!';
    return { id, user, token };
  }
}

/** Whether the caller has a privilege on a path. */
export function isAllowed(caller: Caller, path: string, privilege: string): boolean {
  return privilegesOn(caller, path).has(privilege);
}

/** What the caller has on one path: a separated token only what its user has as well. */
export function privilegesOn({ user, token }: Caller, path: string): Privileges {
  const ofUser = user.id === 'root@pam' ? allPrivileges() : privilegesOf(user.acl ?? [], path);
  if (!token.separated) return ofUser;
  const ofToken = privilegesOf(token.acl ?? [], path);
  return new Map([...ofToken].filter(([privilege]) => ofUser.has(privilege)));
}

/** What GET /access/permissions answers: every path known to the ACLs on which the caller has something. */
export function permissionsOf(caller: Caller, path?: string): Record<string, Record<string, 0 | 1>> {
  const entries = [...(caller.user.acl ?? []), ...(caller.token.acl ?? [])];
  const paths = path === undefined ? new Set([...TOP_LEVEL_PATHS, ...entries.map((entry) => entry.path)]) : [path];
  const permissions: Record<string, Record<string, 0 | 1>> = {};
  for (const each of paths) {
    const privileges = privilegesOn(caller, each);
    if (privileges.size === 0) continue;
    permissions[each] = Object.fromEntries([...privileges].map(([name, propagated]) => [name, propagated ? 1 : 0]));
  }
  return permissions;
}

function allPrivileges(): Privileges {
  return new Map(ROOT_PRIVILEGES.map((privilege) => [privilege, true]));
}

/** The entries of the deepest path that has any that count replace those above it. */
function privilegesOf(acl: readonly AclEntry[], path: string): Privileges {
  let privileges: Privileges = new Map();
  for (const each of pathsDownTo(path)) {
    const own = acl.filter((entry) => entry.path === each && (entry.propagate || each === path));
    if (own.length === 0) continue;
    privileges = new Map(own.flatMap((entry) => entry.privileges.map((name) => [name, entry.propagate] as const)));
  }
  return privileges;
}

function pathsDownTo(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}
