/** Privileges given on a path, an ACL with its role spelled out. */
export interface AclEntry {
  /** `/`, `/nodes`, `/vms/100` … */
  readonly path: string;
  readonly privileges: readonly string[];
  /** Whether the entry also counts for everything below the path. */
  readonly propagate: boolean;
}

/** An API token of a user. */
export interface EmulatedToken {
  /** The part after the `!`. */
  readonly name: string;
  /** Privilege separation: the token then has only what both its own ACL and its user's give it. */
  readonly separated: boolean;
  /** A random one by default. */
  readonly secret?: string;
  /** Seconds since the epoch after which it is refused; never by default. */
  readonly expireAt?: number;
  readonly acl?: readonly AclEntry[];
}

/** A user and the tokens of that user. `root@pam` may do everything. */
export interface EmulatedUser {
  /** `USER@REALM`. */
  readonly id: string;
  /** True by default. */
  readonly enabled?: boolean;
  readonly acl?: readonly AclEntry[];
  readonly tokens: readonly EmulatedToken[];
}

/** The token that a well-kept installation uses: changes on `/` alone, reading everywhere. */
export const RECOMMENDED_TOKEN = 'f2nb@pve!server';

const BOTH = ['Sys.Audit', 'Sys.Modify'];

/**
 * The accounts that an emulated Proxmox has unless told otherwise.
 *
 * | token | may |
 * | --- | --- |
 * | f2nb@pve!server | Sys.Modify on / without propagation, Sys.Audit on / with it |
 * | f2nb@pve!doctor | the same and VM.Audit everywhere |
 * | f2nb@pve!ban, !noprop | Sys.Audit and Sys.Modify on /, with and without propagation |
 * | f2nb@pve!audit, !modify, !none | only the one, only the other, nothing |
 * | f2nb@pve!fwonly | both, but on /nodes |
 * | f2nb@pve!nosep | all that its user may |
 * | f2nb@pve!expired, off@pve!off | nothing: the one has expired, the other's user is disabled |
 * | weak@pve!sep | nothing: it has an ACL, its user has none |
 * | root@pam!root | everything |
 */
export const DEFAULT_USERS: readonly EmulatedUser[] = [
  {
    id: 'f2nb@pve',
    acl: [{ path: '/', privileges: [...BOTH, 'VM.Audit'], propagate: true }],
    tokens: [
      {
        name: 'server',
        separated: true,
        acl: [
          { path: '/', privileges: ['Sys.Modify'], propagate: false },
          { path: '/', privileges: ['Sys.Audit'], propagate: true },
        ],
      },
      {
        name: 'doctor',
        separated: true,
        acl: [
          { path: '/', privileges: ['Sys.Modify'], propagate: false },
          { path: '/', privileges: ['Sys.Audit', 'VM.Audit'], propagate: true },
        ],
      },
      { name: 'ban', separated: true, acl: [{ path: '/', privileges: BOTH, propagate: true }] },
      { name: 'noprop', separated: true, acl: [{ path: '/', privileges: BOTH, propagate: false }] },
      { name: 'audit', separated: true, acl: [{ path: '/', privileges: ['Sys.Audit'], propagate: true }] },
      { name: 'modify', separated: true, acl: [{ path: '/', privileges: ['Sys.Modify'], propagate: true }] },
      { name: 'none', separated: true },
      { name: 'fwonly', separated: true, acl: [{ path: '/nodes', privileges: BOTH, propagate: true }] },
      { name: 'nosep', separated: false },
      { name: 'expired', separated: true, expireAt: 1, acl: [{ path: '/', privileges: BOTH, propagate: true }] },
    ],
  },
  {
    id: 'weak@pve',
    tokens: [{ name: 'sep', separated: true, acl: [{ path: '/', privileges: BOTH, propagate: true }] }],
  },
  {
    id: 'off@pve',
    enabled: false,
    acl: [{ path: '/', privileges: BOTH, propagate: true }],
    tokens: [{ name: 'off', separated: false }],
  },
  { id: 'root@pam', tokens: [{ name: 'root', separated: false }] },
];
