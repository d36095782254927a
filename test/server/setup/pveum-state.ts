import type { AclEntry, EmulatedUser } from '../../emulators/proxmox/access/accounts.ts';

/** What the emulated `pveum` keeps between two commands. */
export interface PveumState {
  /** Privileges by role, separated by commas. */
  readonly roles: Record<string, string>;
  /** Secrets of tokens by their name. */
  readonly users: Record<string, { readonly tokens: Record<string, string> }>;
  acl: {
    readonly path: string;
    readonly type: 'user' | 'token';
    readonly ugid: string;
    readonly roleid: string;
    readonly propagate: number;
  }[];
  /** Every command that succeeded. */
  readonly log: string[];
}

/** The same accounts for the emulated API. */
export function toEmulatedUsers(state: PveumState): EmulatedUser[] {
  const aclOf = (id: string): AclEntry[] =>
    state.acl
      .filter(({ ugid }) => ugid === id)
      .map(({ path, roleid, propagate }) => ({
        path,
        privileges: (state.roles[roleid] ?? '').split(','),
        propagate: propagate === 1,
      }));
  return Object.entries(state.users).map(([id, { tokens }]) => ({
    id,
    acl: aclOf(id),
    tokens: Object.entries(tokens).map(([name, secret]) => ({
      name,
      secret,
      separated: true,
      acl: aclOf(`${id}!${name}`),
    })),
  }));
}
