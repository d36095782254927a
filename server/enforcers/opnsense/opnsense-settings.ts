import { formatAuthority } from '../../../shared/authority.ts';
import { quote } from '../../../shared/refusal.ts';
import type { SectionReader } from '../../../shared/section-reader.ts';
import type { SettingsReader } from '../../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../../configured-files.ts';
import { namedSections } from '../../named-sections.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import { readEndpoint } from '../../outgoing/read-endpoint.ts';
import { readSecret } from '../../outgoing/read-secret.ts';
import { type EnforcerLimits, readLimits } from '../limits.ts';
import { aliasForm, isAliasName, isBuiltIn } from './alias-name.ts';
import { type AliasType, aliasTypes } from './opnsense-answers.ts';

/** An alias, and whose bans go into it. */
export interface AliasRule {
  readonly name: string;
  /** Patterns of jails, as `nginx-*`. Undefined: all. */
  readonly jails: readonly string[] | undefined;
}

/** An `[opnsense NAME]` section. */
export interface OpnsenseSettings {
  readonly kind: 'opnsense';
  readonly name: string;
  readonly limits: EnforcerLimits;
  readonly endpoint: Endpoint;
  /** `KEY:SECRET`, read anew each time. @throws OutgoingError `credential` */
  readonly readKey: () => string;
  /** At least one, each with another name. */
  readonly aliases: readonly AliasRule[];
  readonly aliasType: AliasType;
  readonly mayCreate: boolean;
  readonly bulkAbove: number;
}

const urlRules = { fallback: undefined, ports: { https: 443, http: 80 }, plain: 'http://127.0.0.1' };
/** As OPNsense's file for downloading has them, or `KEY:SECRET`. */
const keyForm = {
  key: 'key',
  pattern: /^(?:key=[\x21-\x39\x3b-\x7e]+\r?\nsecret=[\x21-\x7e]+|(?!key=)[\x21-\x39\x3b-\x7e]+:[\x21-\x7e]+)$/,
  form: 'KEY:SECRET on one line, or key=… and secret=… as the file has it that OPNsense offers',
};
/** The tables of pf hold a million by default on the smallest machines. */
const maxEntriesMost = 1_000_000;
const rulesMax = 64;
const rulePattern = /^([A-Za-z0-9._@+*-]{1,64}):(.+)$/;

export function readOpnsenseSettings(reader: SettingsReader, files: ConfiguredFiles): readonly OpnsenseSettings[] {
  const taken = new Set<string>();
  return Array.from(namedSections(reader, 'opnsense'), ([name, section]) => {
    const endpoint = readEndpoint(section, files, urlRules);
    const aliases = readAliases(section);
    refuseTaken(section, endpoint, aliases, taken);
    const aliasType = section.choice('alias_type', 'external', aliasTypes);
    return {
      kind: 'opnsense',
      name,
      limits: limitsFor(aliasType, section),
      endpoint,
      readKey: keyReader(readSecret(section, files, keyForm)),
      aliases,
      aliasType,
      mayCreate: section.flag('create', false),
      bulkAbove: section.integer('bulk_above', 500, 0, maxEntriesMost),
    };
  });
}

function keyReader(read: () => string): () => string {
  return () => read().replace(/^key=(\S+)\s+secret=/, '$1:');
}

/** An alias of hosts takes no CIDR, so nothing may be joined to one. */
function limitsFor(aliasType: AliasType, section: SectionReader): EnforcerLimits {
  const limits = readLimits(section, maxEntriesMost);
  return aliasType === 'host' ? { ...limits, merge: false } : limits;
}

/** `alias = blocklist` for all, `aliases = sshd:alias_ssh nginx-*:alias_web` for some; both may stand. */
function readAliases(section: SectionReader): readonly AliasRule[] {
  const jailsByName = readJails(section);
  const all = section.optional('alias') ?? (jailsByName.size === 0 ? 'blocklist' : undefined);
  const chosen = Array.from(jailsByName, ([name, jails]): AliasRule => ({ name, jails }));
  if (all === undefined || !isAllowed(section, 'alias', all)) return chosen;
  if (jailsByName.has(all)) section.problem('aliases', `${all} takes the bans of all jails already, by alias`);
  return [{ name: all, jails: undefined }, ...chosen];
}

/** The patterns of jails by alias. */
function readJails(section: SectionReader): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  const rules = section.text('aliases', '').split(/[\s,]+/);
  if (rules.length > rulesMax) section.problem('aliases', `${rules.length} of them: at most ${rulesMax} are allowed`);
  for (const rule of rules.filter((each) => each !== '')) {
    const [, jails, name = ''] = rulePattern.exec(rule) ?? [];
    if (jails === undefined) section.problem('aliases', `${quote(rule)}: allowed is JAIL:ALIAS, as nginx-*:alias_web`);
    else if (isAllowed(section, 'aliases', name)) byName.set(name, [...(byName.get(name) ?? []), jails]);
  }
  return byName;
}

function isAllowed(section: SectionReader, key: string, name: string): boolean {
  if (isBuiltIn(name)) {
    section.problem(key, `${name}: OPNsense fills it by itself; name an alias that is for bans alone`);
    return false;
  }
  if (isAliasName(name)) return true;
  section.problem(key, `${quote(name)}: the name of an alias is ${aliasForm}`);
  return false;
}

/** Two enforcers on one alias would take out what the other put in. */
function refuseTaken(
  section: SectionReader,
  { host, port }: Endpoint,
  aliases: readonly AliasRule[],
  taken: Set<string>,
): void {
  for (const { name } of aliases) {
    const place = `${formatAuthority(host.toLowerCase(), port)} ${name}`;
    if (taken.has(place)) section.problem('alias', `${name} of ${host} belongs to another section already`);
    taken.add(place);
  }
}
