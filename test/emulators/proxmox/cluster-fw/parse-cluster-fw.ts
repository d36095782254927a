import { ALIAS_PATTERN, NOT_AN_ADDRESS, parseAddress } from './address.ts';
import { type Alias, type ClusterFw, emptyClusterFw, findAlias, type IpsetEntry, unscoped } from './cluster-fw.ts';
import { type FirewallRule, parseRule } from './firewall-rule.ts';
import { isTrue } from './perl-truth.ts';

/** Takes one line that is neither empty nor a comment; which it is changes with each section heading. */
type LineReader = (line: string) => void;

// Perl reads bytes, where only these are white space; JavaScript's \s knows more. `[^\n]` for the same reason: its dot
// stops at a carriage return and at U+2028.
const BLANK = '[ \\t\\n\\r\\f\\v]';
const HEADING = new RegExp(`^\\[(ipset|group)${BLANK}+(\\S+)\\]${BLANK}*(?:#${BLANK}*([^\\n]*?)${BLANK}*)?$`, 'i');
const BLANKS_AROUND = new RegExp(`^${BLANK}+|${BLANK}+$`, 'g');
const ENTRY = new RegExp(`^(!)?${BLANK}*(\\S+)${BLANK}*$`);
const EDGES = /^[ \t]+|[ \t]+$/g;
const SECTION_NAME = /^[A-Za-z][A-Za-z0-9\-_]+$/;
const LONGEST_IPSET_NAME = 64;
const LONGEST_GROUP_NAME = 18;

/**
 * Reads cluster.fw as Proxmox does (Firewall.pm generic_fw_config_parser). Nothing is an error: lines that make no sense
 * are dropped or, inside an ipset, kept as entries with `errors`.
 *
 * | line | becomes |
 * | --- | --- |
 * | `[OPTIONS]`, `[ALIASES]`, `[RULES]` in any case, and nothing after | that section (so not with a CR) |
 * | `[IPSET Name] # comment` | a new, empty ipset `name`; an earlier one of that name is forgotten |
 * | another `[...]` inside an ipset | an entry |
 * | two words inside an ipset | an entry without an address |
 * | anything before the first section | dropped |
 */
export function parseClusterFw(text: string): ClusterFw {
  const config = emptyClusterFw();
  let read: LineReader = dropLine;
  for (const raw of text.split('\n')) {
    const line = raw.replace(EDGES, '');
    if (line.startsWith('#') || /^[ \t\r\f\v]*$/.test(line)) continue;
    const section = openSection(config, line);
    if (section === undefined) read(line);
    else read = section;
  }
  return config;
}

function dropLine(): void {
  // A line before the first section, or of a section whose name is refused.
}

/** The reader for the lines after a heading; undefined when `line` is no heading. */
function openSection(config: ClusterFw, line: string): LineReader | undefined {
  if (!line.startsWith('[')) return undefined;
  switch (line.toLowerCase()) {
    case '[options]':
      return (option) => readOption(config, option);
    case '[aliases]':
      return (alias) => readAlias(config, alias);
    case '[rules]':
      return (rule) => readRule(config.rules, rule);
    default:
      return openNamedSection(config, line);
  }
}

function openNamedSection(config: ClusterFw, line: string): LineReader | undefined {
  const [, kind = '', given = '', comment] = HEADING.exec(line) ?? [];
  const name = given.toLowerCase();
  if (name === '') return undefined;
  const described = isTrue(comment) ? { comment } : {};
  if (kind.toLowerCase() === 'ipset') {
    if (!SECTION_NAME.test(name) || name.length > LONGEST_IPSET_NAME) return dropLine;
    // The comment of an earlier section of the same name stays when this one has none.
    const ipset = { ...pickComment(config.ipsets.get(name)), ...described, entries: [] };
    config.ipsets.set(name, ipset);
    return makeEntryReader(config, ipset.entries);
  }
  if (!SECTION_NAME.test(name) || name.length > LONGEST_GROUP_NAME) return dropLine;
  const group = { ...pickComment(config.groups.get(name)), ...described, rules: [] };
  config.groups.set(name, group);
  return (rule) => readRule(group.rules, rule);
}

function pickComment(section: { comment?: string } | undefined): { comment?: string } {
  return section?.comment === undefined ? {} : { comment: section.comment };
}

function readOption({ options }: ClusterFw, line: string): void {
  const [, name = '', value = ''] =
    /^(enable|ebtables|policy_in|policy_out|policy_forward|log_ratelimit):\s*(\S+)\s*$/i.exec(line) ?? [];
  const option = name.toLowerCase();
  if (option === 'enable' && /^\d+$/.test(value)) options.set(option, String(enabledBy(Number(value))));
  if (option === 'ebtables' && /^[01]$/.test(value)) options.set(option, value);
  if (option.startsWith('policy_') && /^(ACCEPT|DROP|REJECT)$/i.test(value)) options.set(option, value.toUpperCase());
  if (option === 'log_ratelimit') options.set(option, value);
}

/** How long a time as the value counts as on: who shut himself out with it is let in again. */
const TRIAL_SECONDS = 60;

/** A time is on for a minute (Firewall.pm parse_clusterfw_option). */
function enabledBy(value: number): number {
  return value > 1 && Date.now() / 1_000 - value > TRIAL_SECONDS ? 0 : value;
}

function readAlias({ aliases }: ClusterFw, line: string): void {
  const alias = parseAlias(line);
  if (alias !== undefined) aliases.set(alias.name.toLowerCase(), alias);
}

function parseAlias(line: string): Alias | undefined {
  const { rest, comment } = splitComment(line);
  const [, name = '', text = ''] = /^(\S+)\s(\S+)\s*$/.exec(rest) ?? [];
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return { name, ...address, ...(isTrue(comment) ? { comment } : {}) };
}

function readRule(rules: FirewallRule[], line: string): void {
  const rule = parseRule(line);
  if (rule !== undefined) rules.push(rule);
}

function makeEntryReader(config: ClusterFw, entries: IpsetEntry[]): LineReader {
  const seen = new Set<string>();
  return (line) => {
    const entry = parseEntry(config, line, seen);
    seen.add(entry.cidr);
    entries.push(entry);
  };
}

function parseEntry(config: ClusterFw, line: string, seen: ReadonlySet<string>): IpsetEntry {
  const { rest, comment } = splitComment(line);
  const described = isTrue(comment) ? { comment } : {};
  const match = ENTRY.exec(rest);
  // Two words match nothing, and Perl's $1 then still holds what the match before left there: the comment, or the line.
  if (match === null) {
    return {
      cidr: '',
      ...described,
      ...(isTrue(comment ?? line) ? { nomatch: true } : {}),
      errors: { cidr: NOT_AN_ADDRESS },
    };
  }
  const [, mark, text = ''] = match;
  const cidr = parseAddress(text)?.cidr ?? text;
  const problem = entryProblem(config, cidr, seen);
  return {
    cidr,
    ...described,
    ...(mark === undefined ? {} : { nomatch: true }),
    ...(problem === undefined ? {} : { errors: { cidr: problem } }),
  };
}

function entryProblem(config: ClusterFw, cidr: string, seen: ReadonlySet<string>): string | undefined {
  if (/\/0+$/.test(cidr)) return 'a zero prefix is not allowed in ipset entries\n';
  if (ALIAS_PATTERN.test(cidr)) {
    if (findAlias(config, cidr) === undefined) return `no such alias '${unscoped(cidr)}'`;
  } else if (parseAddress(cidr) === undefined) {
    return NOT_AN_ADDRESS;
  }
  return seen.has(cidr) ? `duplicate ipset entry for '${cidr}'` : undefined;
}

function splitComment(line: string): { rest: string; comment: string | undefined } {
  const at = line.indexOf('#');
  if (at < 0) return { rest: line, comment: undefined };
  return { rest: line.slice(0, at), comment: line.slice(at + 1).replace(BLANKS_AROUND, '') };
}
