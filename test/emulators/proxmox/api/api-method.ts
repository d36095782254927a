import type { Caller } from '../access/access-control.ts';
import type { ClusterFw } from '../cluster-fw/cluster-fw.ts';
import type { ParameterRules, Parameters } from './parameters.ts';

/** A privilege that a caller must have on a path. */
export interface RequiredPrivilege {
  readonly path: string;
  readonly privilege: string;
}

interface MethodBase {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parts in braces are parameters; a last part `{name...}` takes the rest of the path, slashes included. */
  readonly path: string;
  /** Undefined: any caller. */
  readonly requires?: (parameters: Parameters) => RequiredPrivilege;
  readonly parameters: ParameterRules;
}

/** Answers from cluster.fw. */
export interface FirewallQuery extends MethodBase {
  readonly kind: 'firewall-query';
  /** Whether pveproxy hands it to pvedaemon, as it does with some reads. */
  readonly throughDaemon: boolean;
  /** @throws ApiFailure */
  readonly read: (config: ClusterFw, parameters: Parameters) => unknown;
}

/** Changes cluster.fw under the lock, in pvedaemon. */
export interface FirewallChange extends MethodBase {
  readonly kind: 'firewall-change';
  /**
   * Changes `config`, which is then written.
   *
   * @throws ApiFailure; nothing is written then
   */
  readonly change: (config: ClusterFw, parameters: Parameters) => void;
}

/** Answers from anything else: nodes, guests, the caller's own permissions. */
export interface OtherQuery extends MethodBase {
  readonly kind: 'other-query';
  /** @throws ApiFailure */
  readonly ask: (parameters: Parameters, caller: Caller) => unknown;
}

/** One method of the API on one path. */
export type ApiMethod = FirewallQuery | FirewallChange | OtherQuery;
