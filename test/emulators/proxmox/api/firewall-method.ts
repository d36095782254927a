import { digestOf, type Shown } from '../cluster-fw/digest.ts';
import { isTrue } from '../cluster-fw/perl-truth.ts';
import { ApiFailure } from './api-failure.ts';
import type { FirewallChange, FirewallQuery, RequiredPrivilege } from './api-method.ts';

/** A read that pveproxy answers by itself. It takes Sys.Audit on `/` (Firewall.pm:1955). */
export function query(
  path: string,
  parameters: FirewallQuery['parameters'],
  read: FirewallQuery['read'],
): FirewallQuery {
  return { kind: 'firewall-query', verb: 'GET', path, requires: audit, throughDaemon: false, parameters, read };
}

/** A change. It takes Sys.Modify on `/` (Firewall.pm:2004). */
export function change(
  [verb, path]: readonly [verb: FirewallChange['verb'], path: string],
  parameters: FirewallChange['parameters'],
  carryOut: FirewallChange['change'],
): FirewallChange {
  return { kind: 'firewall-change', verb, path, requires: modify, parameters, change: carryOut };
}

function audit(): RequiredPrivilege {
  return { path: '/', privilege: 'Sys.Audit' };
}

function modify(): RequiredPrivilege {
  return { path: '/', privilege: 'Sys.Modify' };
}

/**
 * Refuses a change that was meant for another state.
 *
 * @throws ApiFailure 500 when `wanted` is given and is not the digest of `list`
 */
export function assertUnmodified(list: readonly Shown[], wanted: string | undefined): void {
  if (isTrue(wanted) && wanted !== digestOf(list)) {
    throw new ApiFailure(500, 'detected modified configuration - file changed by other user? Try again.');
  }
}
