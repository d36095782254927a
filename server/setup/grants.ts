import type { Command } from '../../shared/host/command-runner.ts';

/** A privilege that the server's token needs, in a role of its own, because a privilege reaches as far as its role. */
export interface Grant {
  readonly role: string;
  readonly privilege: string;
  /** Where in Proxmox's tree of permissions. */
  readonly path: string;
  /** Whether it also counts below the path. */
  readonly isPropagated: boolean;
  /** What it is good for. */
  readonly purpose: string;
}

/** Names must not begin with `PVE`, which Proxmox keeps for itself (pve-access-control, API2/Role.pm). */
export const modifyGrant: Grant = {
  role: 'Fail2NetworkBanModify',
  privilege: 'Sys.Modify',
  path: '/',
  isPropagated: false,
  purpose: 'to change the cluster firewall, and nothing below',
};

export const auditGrant: Grant = {
  role: 'Fail2NetworkBanAudit',
  privilege: 'Sys.Audit',
  path: '/',
  isPropagated: true,
  purpose: "to read the cluster's and the nodes' firewall",
};

export const guestGrant: Grant = {
  role: 'Fail2NetworkBanGuests',
  privilege: 'VM.Audit',
  path: '/vms',
  isPropagated: true,
  purpose: "to read which guests' network cards have no firewall",
};

export const allGrants: readonly Grant[] = [modifyGrant, auditGrant, guestGrant];

/** Who a grant is for: a user, or a token as `USER@REALM!TOKENID`. */
export interface Grantee {
  readonly type: 'user' | 'token';
  readonly id: string;
}

/** A token with separated privileges may do what both it and its user may, so each grant is for both. */
export function granteesOf(token: string): readonly Grantee[] {
  return [
    { type: 'user', id: token.split('!')[0] ?? '' },
    { type: 'token', id: token },
  ];
}

export function makeRoleCommand({ role, privilege }: Grant): Command {
  return ['pveum', 'role', 'add', role, '--privs', privilege];
}

export function grantCommand({ role, path, isPropagated }: Grant, { type, id }: Grantee): Command {
  const propagate = isPropagated ? '1' : '0';
  return ['pveum', 'acl', 'modify', path, `--${type}s`, id, '--roles', role, '--propagate', propagate];
}

export function withdrawCommand({ role, path }: Grant, { type, id }: Grantee): Command {
  return ['pveum', 'acl', 'delete', path, `--${type}s`, id, '--roles', role];
}
