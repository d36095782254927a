import { parseAddress } from './address.ts';
import { isTrue } from './perl-truth.ts';

/** The fields of a rule that stand after a word of their own, in the order in which Proxmox writes them. */
export const RULE_FIELDS = ['iface', 'source', 'dest', 'proto', 'dport', 'sport', 'log', 'icmp-type'] as const;

/** A field of a rule that stands after a word of its own. */
export type RuleField = (typeof RULE_FIELDS)[number];

/** One line of `[RULES]` or of a security group. */
export interface FirewallRule {
  /** `in`, `out`, `forward` or `group`. */
  readonly type: string;
  readonly action: string;
  readonly macro?: string;
  readonly enable: boolean;
  readonly comment?: string;
  readonly fields: Readonly<Partial<Record<RuleField, string>>>;
}

const WORDS: Readonly<Record<RuleField, string>> = {
  iface: '-i',
  source: '-source',
  dest: '-dest',
  proto: '-p',
  dport: '-dport',
  sport: '-sport',
  log: '-log',
  'icmp-type': '-icmp-type',
};
const FIELD_PATTERN = /^(-i|-p|--?proto|--?source|--?dest|--?dport|--?sport|--?log|--?icmp-type) (\S+)\s*/;

/** Reads one line of rules; undefined for a line that Proxmox drops because it cannot be split into its parts. */
export function parseRule(line: string): FirewallRule | undefined {
  const [, statement = '', comment] = /^([^#]*)(?:#[ \t\r]*([^\n]*?)[ \t\r]*)?$/.exec(line) ?? [];
  const [, off, type, target, rest = ''] = /^(\|?)(\S+)\s+(\S+)\s*(.*)$/s.exec(statement) ?? [];
  if (type === undefined || target === undefined) return undefined;
  const fields = parseFields(rest);
  if (fields === undefined) return undefined;
  const [, macro, action = target] = /^(\S+)\((ACCEPT|DROP|REJECT)\)$/.exec(target) ?? [];
  return {
    type: type.toLowerCase(),
    action,
    enable: off === '',
    fields,
    ...(macro === undefined ? {} : { macro }),
    ...(comment === undefined ? {} : { comment }),
  };
}

/** Writes a rule. A security group's rules carry no interface. */
export function formatRule(rule: FirewallRule, withInterface: boolean): string {
  const target = rule.macro === undefined ? rule.action : `${rule.macro}(${rule.action})`;
  let line = `${rule.enable ? '' : '|'}${rule.type.toUpperCase()} ${target}`;
  for (const field of RULE_FIELDS) {
    if (field === 'iface' ? !withInterface : rule.type === 'group') continue;
    const value = rule.fields[field];
    if (isTrue(value)) line += ` ${WORDS[field]} ${value}`;
  }
  return isTrue(rule.comment) && /\S/.test(rule.comment) ? `${line} # ${rule.comment}` : line;
}

/**
 * The rule as the API shows it, without position and digest.
 *
 * @param versionOfAlias the address family of the alias of a name, if there is one
 */
export function showRule(rule: FirewallRule, versionOfAlias: VersionOfAlias): Record<string, string | number> {
  const version = ipversionOf(rule, versionOfAlias);
  return {
    type: rule.type,
    action: rule.action,
    enable: rule.enable ? 1 : 0,
    ...rule.fields,
    ...(rule.macro === undefined ? {} : { macro: rule.macro }),
    ...(rule.comment === undefined ? {} : { comment: rule.comment }),
    ...(version === undefined ? {} : { ipversion: version }),
  };
}

type VersionOfAlias = (name: string) => 4 | 6 | undefined;

const PROTOCOL_VERSIONS: Readonly<Record<string, 4 | 6>> = { icmp: 4, icmpv6: 6, 'ipv6-icmp': 6 };

/** By protocol, source or destination, whatever says it first (Firewall.pm verify_rule). */
function ipversionOf({ fields }: FirewallRule, versionOfAlias: VersionOfAlias): 4 | 6 | undefined {
  const ofAddress = (text = ''): 4 | 6 | undefined => {
    const [first = ''] = text.split(/[,-]/, 1);
    return parseAddress(first)?.ipversion ?? versionOfAlias(text);
  };
  return PROTOCOL_VERSIONS[fields.proto ?? ''] ?? ofAddress(fields.source) ?? ofAddress(fields.dest);
}

function parseFields(text: string): Partial<Record<RuleField, string>> | undefined {
  const fields: Partial<Record<RuleField, string>> = {};
  let rest = text;
  while (rest !== '') {
    const [matched = '', word = '', value = ''] = FIELD_PATTERN.exec(rest) ?? [];
    const field = RULE_FIELDS.find((name) => WORDS[name] === word.replace(/^--/, '-').replace('-proto', '-p'));
    if (field === undefined) return undefined;
    fields[field] = value;
    rest = rest.slice(matched.length);
  }
  return fields;
}
