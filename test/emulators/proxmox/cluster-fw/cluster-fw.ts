import type { FirewallRule } from './firewall-rule.ts';

/** One line of an ipset. `cidr` is kept as written; an unusable line keeps its text too and says why in `errors`. */
export interface IpsetEntry {
  /** Address, network or alias; empty for a line that Proxmox cannot split. */
  readonly cidr: string;
  comment?: string;
  nomatch?: boolean;
  /** Why Proxmox will not use the entry, by field. */
  readonly errors?: { readonly cidr: string };
}

/** A named list of networks, `[IPSET name]`. */
export interface Ipset {
  comment?: string;
  entries: IpsetEntry[];
}

/** A named network, one line of `[ALIASES]`. */
export interface Alias {
  readonly name: string;
  readonly cidr: string;
  readonly ipversion: 4 | 6;
  readonly comment?: string;
}

/** A security group, `[group name]`. */
export interface SecurityGroup {
  comment?: string;
  readonly rules: FirewallRule[];
}

/** What Proxmox holds in memory of `/etc/pve/firewall/cluster.fw` while it answers one request. */
export interface ClusterFw {
  readonly options: Map<string, string>;
  /** By name in lower case. */
  readonly aliases: Map<string, Alias>;
  /** By name: in lower case when read from a file, as given when just created (Firewall.pm:3501). */
  readonly ipsets: Map<string, Ipset>;
  rules: FirewallRule[];
  readonly groups: Map<string, SecurityGroup>;
}

/** A configuration with nothing in it, what a missing file means. */
export function emptyClusterFw(): ClusterFw {
  return { options: new Map(), aliases: new Map(), ipsets: new Map(), rules: [], groups: new Map() };
}

/** How many entries all ipsets hold together, the number that a write's cost depends on. */
export function countEntries(config: ClusterFw): number {
  let count = 0;
  for (const { entries } of config.ipsets.values()) count += entries.length;
  return count;
}

/** Finds an alias as an ipset entry or a rule names it, with or without its scope `dc/`. */
export function findAlias(config: ClusterFw, name: string): Alias | undefined {
  return config.aliases.get(name.toLowerCase().replace(/^dc\//, ''));
}

/** An alias's name without its scope, as Proxmox's complaints name it. */
export function unscoped(name: string): string {
  return name.replace(/^(?:dc|guest)\//, '');
}
