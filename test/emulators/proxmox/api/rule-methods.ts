import { addressProblem } from '../cluster-fw/address.ts';
import { type ClusterFw, findAlias } from '../cluster-fw/cluster-fw.ts';
import { type Shown, withDigest } from '../cluster-fw/digest.ts';
import { type FirewallRule, RULE_FIELDS, type RuleField, showRule } from '../cluster-fw/firewall-rule.ts';
import { isTrue } from '../cluster-fw/perl-truth.ts';
import { ApiFailure, parameterFailure } from './api-failure.ts';
import type { ApiMethod } from './api-method.ts';
import { assertUnmodified, change, query } from './firewall-method.ts';
import { COMMENT, DIGEST, type ParameterRule, type Parameters } from './parameters.ts';

const LIST = 'cluster/firewall/rules';
const ONE = `${LIST}/{pos}`;
const TEXT: ParameterRule = { type: 'string', optional: true };
const POSITION: ParameterRule = { type: 'integer' };

/**
 * The cluster's rules: PVE::API2::Firewall::Rules, without changing or moving one. Recorded are the list and creating a
 * rule; the others follow Proxmox's source.
 */
export const RULE_METHODS: readonly ApiMethod[] = [
  query(LIST, {}, listRules),
  query(ONE, { pos: POSITION }, readRule),
  change(
    ['POST', LIST],
    {
      type: { type: 'string', allowed: ['in', 'out', 'forward', 'group'] },
      action: { type: 'string', pattern: /^[A-Za-z][A-Za-z0-9\-_]+$/, maxLength: 20 },
      enable: { type: 'integer', optional: true },
      pos: { ...POSITION, optional: true },
      macro: TEXT,
      comment: COMMENT,
      digest: DIGEST,
      ...Object.fromEntries(RULE_FIELDS.map((field) => [field, TEXT])),
    },
    createRule,
  ),
  change(['DELETE', ONE], { pos: POSITION, digest: DIGEST }, removeRule),
];

/** As the API shows them, without their positions and the digest. */
export function showRules(config: ClusterFw, rules: readonly FirewallRule[]): Shown[] {
  return rules.map((rule) => showRule(rule, (name) => findAlias(config, name)?.ipversion));
}

function listRules(config: ClusterFw): Shown[] {
  return withDigest(showRules(config, config.rules)).map((shown, pos) => ({ ...shown, pos }));
}

function readRule(config: ClusterFw, { pos }: Parameters): Shown {
  const shown = listRules(config)[Number(pos)];
  if (shown === undefined) throw new ApiFailure(500, `no rule at position ${pos}`);
  return shown;
}

/** A new rule goes to the top, whatever `pos` says, and is off unless `enable` says otherwise. */
function createRule(config: ClusterFw, given: Parameters): void {
  assertUnmodified(showRules(config, config.rules), given.digest);
  const fields: Partial<Record<RuleField, string>> = {};
  for (const field of RULE_FIELDS) {
    const value = given[field];
    if (isTrue(value)) fields[field] = value;
  }
  for (const field of ['source', 'dest'] as const) checkAddresses(config, field, fields[field]);
  const rule: FirewallRule = {
    type: given.type ?? '',
    action: given.action ?? '',
    enable: isTrue(given.enable),
    fields,
    ...(isTrue(given.macro) ? { macro: given.macro } : {}),
    ...(isTrue(given.comment) ? { comment: given.comment } : {}),
  };
  config.rules.unshift(rule);
}

function removeRule(config: ClusterFw, { pos, digest }: Parameters): void {
  assertUnmodified(showRules(config, config.rules), digest);
  if (config.rules[Number(pos)] === undefined) throw new ApiFailure(500, `no rule at position ${pos}`);
  config.rules.splice(Number(pos), 1);
}

/** What a rule may match: `+ipset`, an alias, or addresses and ranges separated by commas. */
function checkAddresses(config: ClusterFw, field: string, value: string | undefined): void {
  if (value === undefined) return;
  const problem = value.startsWith('+') ? ipsetProblem(config, value) : listProblem(config, value);
  if (problem !== undefined) throw parameterFailure({ [field]: problem });
}

function ipsetProblem(config: ClusterFw, value: string): string | undefined {
  const name = value.replace(/^\+(?:dc\/)?/, '');
  return config.ipsets.has(name.toLowerCase()) ? undefined : `no such ipset '${name}'`;
}

function listProblem(config: ClusterFw, value: string): string | undefined {
  if (/^(?:dc\/)?[A-Za-z][A-Za-z0-9\-_]+$/.test(value)) {
    return findAlias(config, value) === undefined ? `no such alias '${value}'` : undefined;
  }
  return value
    .split(',')
    .flatMap((part) => part.split('-'))
    .map(addressProblem)
    .find((problem) => problem !== undefined);
}
