import { parseAddress } from '../cluster-fw/address.ts';
import type { Alias, ClusterFw } from '../cluster-fw/cluster-fw.ts';
import { digestOf, type Shown, withDigest } from '../cluster-fw/digest.ts';
import { comparePerl } from '../cluster-fw/perl-order.ts';
import { isTrue } from '../cluster-fw/perl-truth.ts';
import { ApiFailure, parameterFailure } from './api-failure.ts';
import type { ApiMethod } from './api-method.ts';
import { assertUnmodified, change, query } from './firewall-method.ts';
import {
  ADDRESS,
  COMMENT,
  DIGEST,
  GROUP_NAME,
  type ParameterRule,
  type Parameters,
  SECTION_NAME,
} from './parameters.ts';
import { showRules } from './rule-methods.ts';

const BASE = 'cluster/firewall';
const POLICY: ParameterRule = { type: 'string', optional: true, allowed: ['ACCEPT', 'REJECT', 'DROP'] };
const OPTIONS: Readonly<Record<string, ParameterRule>> = {
  enable: { type: 'integer', optional: true },
  ebtables: { type: 'boolean', optional: true },
  policy_in: POLICY,
  policy_out: POLICY,
  policy_forward: { ...POLICY, allowed: ['ACCEPT', 'DROP'] },
  log_ratelimit: { type: 'string', optional: true, format: rateLimitProblem },
};

/** Any caller may ask for it. */
const INDEX: ApiMethod = {
  kind: 'firewall-query',
  verb: 'GET',
  path: BASE,
  throughDaemon: false,
  parameters: {},
  read: listIndex,
};

/**
 * The cluster firewall besides its ipsets and rules: PVE::API2::Firewall::Cluster, ::Aliases and ::Groups. Recorded are the
 * queries, setting an option and creating an alias and a group; all else follows Proxmox's source.
 */
export const FIREWALL_METHODS: readonly ApiMethod[] = [
  INDEX,
  query(`${BASE}/options`, {}, ({ options }) => ({
    ...showOptions(options),
    digest: digestOf([showOptions(options)]),
  })),
  change(
    ['PUT', `${BASE}/options`],
    { ...OPTIONS, delete: { type: 'string', optional: true }, digest: DIGEST },
    setOptions,
  ),
  query(`${BASE}/refs`, { type: { type: 'string', optional: true, allowed: ['alias', 'ipset'] } }, listReferences),
  query(`${BASE}/aliases`, {}, (config) => withDigest(showAliases(config))),
  change(['POST', `${BASE}/aliases`], { name: SECTION_NAME, cidr: ADDRESS, comment: COMMENT }, createAlias),
  change(
    ['PUT', `${BASE}/aliases/{name}`],
    {
      name: SECTION_NAME,
      cidr: ADDRESS,
      comment: COMMENT,
      rename: { ...SECTION_NAME, optional: true },
      digest: DIGEST,
    },
    updateAlias,
  ),
  change(['DELETE', `${BASE}/aliases/{name}`], { name: SECTION_NAME, digest: DIGEST }, removeAlias),
  query(`${BASE}/groups`, {}, (config) => withDigest(showGroups(config))),
  query(`${BASE}/groups/{group}`, { group: GROUP_NAME }, showGroup),
  change(['POST', `${BASE}/groups`], { group: GROUP_NAME, comment: COMMENT, digest: DIGEST }, createGroup),
];

function listIndex(): Shown[] {
  return ['aliases', 'rules', 'options', 'groups', 'ipset', 'macros', 'refs'].map((name) => ({ name }));
}

function showOptions(options: ReadonlyMap<string, string>): Shown {
  const numbers = ['enable', 'ebtables'];
  return Object.fromEntries(
    [...options].map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]),
  );
}

function setOptions({ options }: ClusterFw, given: Parameters): void {
  assertUnmodified([showOptions(options)], given.digest);
  for (const name of (given.delete ?? '').split(/[,; ]+/).filter(isTrue)) {
    if (OPTIONS[name] === undefined) throw parameterFailure({ delete: `no such option '${name}'` });
    options.delete(name);
  }
  for (const name of Object.keys(OPTIONS)) {
    const value = given[name];
    if (value !== undefined) options.set(name, name === 'enable' && Number(value) > 1 ? nowInSeconds() : value);
  }
}

/** On for a minute, until it is set to 1 (Cluster.pm set_options). */
function nowInSeconds(): string {
  return String(Math.floor(Date.now() / 1_000));
}

const RATE_LIMIT_FIELDS: Readonly<Record<string, RegExp>> = {
  enable: /^(?:1|0|on|off|yes|no|true|false)$/i,
  rate: /^[1-9][0-9]*\/(?:second|minute|hour|day)$/,
  burst: /^\+?[0-9]+$/,
};

/** `[enable=]1,burst=5,rate=1/second` (Firewall.pm $cluster_option_properties). The wording follows no recording. */
function rateLimitProblem(text: string): string | undefined {
  const wrong = text.split(',').find((part) => {
    const [, name = 'enable', value = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(part) ?? [];
    return RATE_LIMIT_FIELDS[name]?.test(value) !== true;
  });
  return wrong === undefined ? undefined : `format error: ${wrong}`;
}

function listReferences(config: ClusterFw, { type }: Parameters): Shown[] {
  const ipsets = [...config.ipsets].map(([name, { comment }]) => reference('ipset', `+${name}`, name, comment));
  const aliases = [...config.aliases.values()].map(({ name, comment }) => reference('alias', name, name, comment));
  return [...unordered(ipsets), ...unordered(aliases)].filter((shown) => type === undefined || shown.type === type);
}

/** As a Perl hash lists them: in no order that means anything. */
function unordered(list: readonly Shown[]): Shown[] {
  return list.toSorted((one, other) => comparePerl(digestOf([one]), digestOf([other])));
}

function reference(type: string, ref: string, name: string, comment: string | undefined): Shown {
  return { type, name, ref, scope: 'dc', ...(isTrue(comment) ? { comment } : {}) };
}

function showAliases(config: ClusterFw): Shown[] {
  return [...config.aliases].sort(([a], [b]) => comparePerl(a, b)).map(([, alias]) => ({ ...alias }));
}

function createAlias(config: ClusterFw, { name = '', cidr = '', comment }: Parameters): void {
  if (config.aliases.has(name.toLowerCase())) throw parameterFailure({ name: `alias '${name}' already exists` });
  config.aliases.set(name.toLowerCase(), aliasOf(name, cidr, comment));
}

/** The address stays as given until the file is read again. */
function aliasOf(name: string, cidr: string, comment: string | undefined): Alias {
  const { ipversion = 4 } = parseAddress(cidr) ?? {};
  return { name, cidr, ipversion, ...(isTrue(comment) ? { comment } : {}) };
}

function updateAlias(config: ClusterFw, { name = '', cidr = '', comment, rename, digest }: Parameters): void {
  const { aliases } = config;
  assertUnmodified(showAliases(config), digest);
  const [from, to] = [name.toLowerCase(), (rename ?? name).toLowerCase()];
  if (!aliases.has(from)) throw parameterFailure({ name: 'no such alias' });
  if (to !== from && aliases.has(to)) throw parameterFailure({ name: `alias '${rename}' already exists` });
  aliases.delete(from);
  aliases.set(to, aliasOf(to === from ? name : (rename ?? name), cidr, comment));
}

/** Succeeds whether or not there is one (Aliases.pm remove_alias). */
function removeAlias(config: ClusterFw, { name = '', digest }: Parameters): void {
  assertUnmodified(showAliases(config), digest);
  config.aliases.delete(name.toLowerCase());
}

function showGroups(config: ClusterFw): Shown[] {
  return [...config.groups]
    .sort(([a], [b]) => comparePerl(a, b))
    .map(([group, { comment }]) => (isTrue(comment) ? { group, comment } : { group }));
}

function showGroup(config: ClusterFw, { group = '' }: Parameters): Shown[] {
  const found = config.groups.get(group);
  if (found === undefined) throw new ApiFailure(500, `no such security group '${group}'`);
  return withDigest(showRules(config, found.rules)).map((shown, pos) => ({ ...shown, pos }));
}

function createGroup(config: ClusterFw, { group = '', comment, digest }: Parameters): void {
  assertUnmodified(showGroups(config), digest);
  if (config.groups.has(group)) throw parameterFailure({ group: `Security group '${group}' already exists` });
  config.groups.set(group, { rules: [], ...(isTrue(comment) ? { comment } : {}) });
}
