import { ALIAS_PATTERN, cleanCidr } from '../cluster-fw/address.ts';
import { type ClusterFw, findAlias, type Ipset, type IpsetEntry, unscoped } from '../cluster-fw/cluster-fw.ts';
import { type Shown, withDigest } from '../cluster-fw/digest.ts';
import { comparePerl } from '../cluster-fw/perl-order.ts';
import { isTrue } from '../cluster-fw/perl-truth.ts';
import { ApiFailure, parameterFailure } from './api-failure.ts';
import type { ApiMethod } from './api-method.ts';
import { assertUnmodified, change, query } from './firewall-method.ts';
import { CIDR, COMMENT, DIGEST, FLAG, type Parameters, SECTION_NAME } from './parameters.ts';

const LIST = 'cluster/firewall/ipset';
const ONE = `${LIST}/{name}`;
const ENTRY = `${ONE}/{cidr...}`;

/** The lists of networks: PVE::API2::Firewall::IPSet. */
export const IPSET_METHODS: readonly ApiMethod[] = [
  query(LIST, {}, listIpsets),
  change(
    ['POST', LIST],
    { name: SECTION_NAME, rename: { ...SECTION_NAME, optional: true }, comment: COMMENT, digest: DIGEST },
    (config, given) => (isTrue(given.rename) ? renameIpset(config, given) : createIpset(config, given)),
  ),
  query(ONE, { name: SECTION_NAME }, (config, given) => withDigest(findIpset(config, given).entries.map(showEntry))),
  change(['POST', ONE], { name: SECTION_NAME, cidr: CIDR, comment: COMMENT, nomatch: FLAG }, addEntry),
  change(['DELETE', ONE], { name: SECTION_NAME, force: FLAG }, removeIpset),
  { ...query(ENTRY, { name: SECTION_NAME, cidr: CIDR }, readEntry), throughDaemon: true },
  change(
    ['PUT', ENTRY],
    { name: SECTION_NAME, cidr: CIDR, comment: COMMENT, nomatch: FLAG, digest: DIGEST },
    updateEntry,
  ),
  change(['DELETE', ENTRY], { name: SECTION_NAME, cidr: CIDR, digest: DIGEST }, removeEntry),
];

function listIpsets(config: ClusterFw): Shown[] {
  return withDigest(showIpsets(config));
}

function showIpsets(config: ClusterFw): Shown[] {
  return [...config.ipsets]
    .sort(([a], [b]) => comparePerl(a, b))
    .map(([name, { comment }]) => (isTrue(comment) ? { name, comment } : { name }));
}

/** The name is looked up as given, though a file is read into names in lower case: other spellings find nothing. */
function findIpset(config: ClusterFw, { name = '' }: Parameters): Ipset {
  const ipset = config.ipsets.get(name);
  if (ipset === undefined) throw new ApiFailure(500, `no such IPSet '${name}'`);
  return ipset;
}

function createIpset(config: ClusterFw, { name = '', comment }: Parameters): void {
  if (config.ipsets.has(name)) throw parameterFailure({ name: `IPSet '${name}' already exists` });
  config.ipsets.set(name, { entries: [], ...(comment === undefined ? {} : { comment }) });
}

function renameIpset(config: ClusterFw, { name = '', rename = '', comment, digest }: Parameters): void {
  assertUnmodified(showIpsets(config), digest);
  const ipset = config.ipsets.get(rename);
  if (ipset === undefined) throw parameterFailure({ name: `IPSet '${rename}' does not exist` });
  if (name !== rename && config.ipsets.has(name))
    throw parameterFailure({ name: `IPSet '${name}' does already exist` });
  config.ipsets.delete(rename);
  config.ipsets.set(name, { ...ipset, ...(comment === undefined ? {} : { comment }) });
}

function removeIpset(config: ClusterFw, given: Parameters): void {
  const { entries } = findIpset(config, given);
  if (entries.length > 0 && given.force !== '1') throw new ApiFailure(500, `IPSet '${given.name}' is not empty`);
  config.ipsets.delete(given.name ?? '');
}

function addEntry(config: ClusterFw, given: Parameters): void {
  const ipset = findIpset(config, given);
  const cidr = cleanCidr(given.cidr ?? '');
  if (ipset.entries.some((entry) => entry.cidr === cidr)) {
    throw parameterFailure({ cidr: `address '${cidr}' already exists` });
  }
  if (/\/0+$/.test(cidr)) throw parameterFailure({ cidr: 'a zero prefix is not allowed in ipset entries' });
  if (ALIAS_PATTERN.test(cidr) && findAlias(config, cidr) === undefined)
    throw new ApiFailure(500, `no such alias '${unscoped(cidr)}'`);
  ipset.entries.unshift({ cidr, ...describe(given) });
}

function readEntry(config: ClusterFw, given: Parameters): Shown {
  const found = withDigest(findIpset(config, given).entries.map(showEntry)).find(({ cidr }) => cidr === given.cidr);
  if (found === undefined) throw parameterFailure({ cidr: 'no such IP/Network' });
  return found;
}

/** What is not given is cleared, not kept. */
function updateEntry(config: ClusterFw, given: Parameters): void {
  const ipset = findIpset(config, given);
  assertUnmodified(ipset.entries.map(showEntry), given.digest);
  const index = ipset.entries.findIndex(({ cidr }) => cidr === given.cidr);
  if (index < 0) throw parameterFailure({ cidr: 'no such IP/Network' });
  ipset.entries[index] = { cidr: given.cidr ?? '', ...describe(given) };
}

/** Succeeds whether or not there is an entry spelled like that (IPSet.pm remove_ip). */
function removeEntry(config: ClusterFw, given: Parameters): void {
  const ipset = findIpset(config, given);
  assertUnmodified(ipset.entries.map(showEntry), given.digest);
  ipset.entries = ipset.entries.filter(({ cidr }) => cidr !== given.cidr);
}

function describe({ comment, nomatch }: Parameters): { comment?: string; nomatch?: boolean } {
  return { ...(isTrue(comment) ? { comment } : {}), ...(nomatch === '1' ? { nomatch: true } : {}) };
}

function showEntry({ cidr, comment, nomatch, errors }: IpsetEntry): Shown {
  return {
    ...(cidr === '' ? {} : { cidr }),
    ...(comment === undefined ? {} : { comment }),
    ...(nomatch === true ? { nomatch: 1 } : {}),
    ...(errors === undefined ? {} : { errors }),
  };
}
