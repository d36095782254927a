import type { ClusterFw, Ipset, IpsetEntry } from './cluster-fw.ts';
import { type FirewallRule, formatRule } from './firewall-rule.ts';
import { comparePerl } from './perl-order.ts';
import { isTrue } from './perl-truth.ts';

/**
 * Writes the whole of cluster.fw as Proxmox does after every change (Firewall.pm save_clusterfw_conf): sections in a fixed
 * order, aliases, ipsets, groups and entries sorted as strings, duplicates and everything not understood gone. A comment
 * is written as it is, newlines included, which is the way in for whole sections.
 *
 * @returns the text, empty for a configuration with nothing in it
 */
export function formatClusterFw(config: ClusterFw): string {
  let text = '';
  if (config.options.size > 0) text += section('[OPTIONS]', [...config.options].map(formatOption));
  if (config.aliases.size > 0)
    text += section(
      '[ALIASES]',
      sorted(config.aliases).map(([, alias]) => formatAlias(alias)),
    );
  for (const [name, ipset] of sorted(config.ipsets))
    text += section(heading('IPSET', name, ipset), formatEntries(ipset));
  if (config.rules.length > 0) text += section('[RULES]', formatRules(config.rules, true));
  for (const [name, group] of sorted(config.groups)) {
    text += section(heading('group', name, group), formatRules(group.rules, false));
  }
  return text;
}

function section(title: string, lines: readonly string[]): string {
  return [title, '', ...lines, '', ''].join('\n');
}

function heading(kind: string, name: string, { comment }: { comment?: string }): string {
  return isTrue(comment) ? `[${kind} ${name}] # ${comment}` : `[${kind} ${name}]`;
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => comparePerl(a, b));
}

function formatOption([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}

function formatAlias({ name, cidr, comment }: { name: string; cidr: string; comment?: string }): string {
  return `${name} ${cidr}${commentSuffix(comment)}`;
}

function formatEntries({ entries }: Ipset): string[] {
  const first = new Map<string, IpsetEntry>();
  for (const entry of entries) if (!first.has(entry.cidr)) first.set(entry.cidr, entry);
  return sorted(first).map(
    ([cidr, entry]) => `${entry.nomatch === true ? '!' : ''}${cidr}${commentSuffix(entry.comment)}`,
  );
}

function formatRules(rules: readonly FirewallRule[], withInterface: boolean): string[] {
  return rules.map((rule) => formatRule(rule, withInterface));
}

function commentSuffix(comment: string | undefined): string {
  return isTrue(comment) && /\S/.test(comment) ? ` # ${comment}` : '';
}
