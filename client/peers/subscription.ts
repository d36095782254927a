import { isLabelKey, labelKeyAllowed } from '../../shared/labels.ts';
import { plainJailAlphabet, plainJailPattern } from '../../shared/names.ts';
import type { Family } from '../../shared/network.ts';
import { filterAlphabet, filterPattern } from '../../shared/parse-subscribe.ts';
import { quote } from '../../shared/refusal.ts';
import { openFilter, type ReportFilter } from '../../shared/report-filter.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { SettingsReader } from '../../shared/settings-reader.ts';

/** What blocks on this host. */
export type Target =
  | { readonly kind: 'jail'; readonly name: string }
  | { readonly kind: 'nftables' }
  | { readonly kind: 'command'; readonly name: string };

/** Which bans of others this host blocks too, and by what. */
export interface Subscription {
  readonly name: string;
  readonly filter: ReportFilter;
  /** Names of `[server NAME]` sections; none: every server. */
  readonly servers: readonly string[];
  readonly target: Target;
  /** How many networks the target may hold of this host's subscriptions. */
  readonly maxEntries: number;
}

/** The jails of fail2ban that subscriptions feed, each once. */
export function peerJailsOf(subscriptions: readonly Subscription[]): readonly string[] {
  return [...new Set(subscriptions.flatMap(({ target }) => (target.kind === 'jail' ? [target.name] : [])))];
}

const targetAllowed = 'jail:NAME, nftables, or command:NAME with a section [command NAME]';
const defaultMaxEntries = 50_000;

/** Reads `[subscription NAME]` and the short form `[peers]`; what is wrong is reported to the section's reader. */
export function readSubscriptions(reader: SettingsReader, servers: readonly string[]): readonly Subscription[] {
  const full = [...reader.named('subscription')].map(([name, section]) => readSubscription(name, section, servers));
  return [...full.flatMap((subscription) => subscription ?? []), ...readPeers(reader.section('peers'))];
}

/** `jail pattern = peer jail`: what other hosts ban in those jails goes into that jail here. */
function readPeers(section: SectionReader): Subscription[] {
  return section.keysWith('').flatMap((pattern): Subscription[] => {
    if (!filterPattern.test(pattern)) section.problem(pattern, `is no pattern of jails: allowed are ${filterAlphabet}`);
    const allowed = `the name of a jail: ${plainJailAlphabet}`;
    if (section.required(pattern, allowed) === '') return [];
    const jail = section.matching(pattern, '', plainJailPattern, allowed);
    const filter = { ...openFilter, jails: [pattern] };
    const target = { kind: 'jail', name: jail } as const;
    return [{ name: `peers ${pattern}`, filter, servers: [], target, maxEntries: defaultMaxEntries }];
  });
}

function readSubscription(name: string, section: SectionReader, known: readonly string[]): Subscription | undefined {
  const servers = readWords(section, 'server');
  const unknown = servers.find((server) => !known.includes(server));
  if (unknown !== undefined) section.problem('server', `${quote(unknown)}: there is no section [server ${unknown}]`);
  const target = readTarget(section);
  const filter = readFilter(section);
  const maxEntries = section.integer('max_entries', defaultMaxEntries, 1, 500_000);
  return target === undefined ? undefined : { name, filter, servers, target, maxEntries };
}

function readTarget(section: SectionReader): Target | undefined {
  const text = section.required('enforcer', targetAllowed);
  if (text === '') return undefined;
  const [kind, name = ''] = text.split(/:(.*)/s);
  if (kind === 'nftables' && name === '') return { kind };
  if ((kind === 'jail' || kind === 'command') && plainJailPattern.test(name)) return { kind, name };
  section.problem('enforcer', `${quote(text)}: allowed is ${targetAllowed}`);
  return undefined;
}

function readFilter(section: SectionReader): ReportFilter {
  const widest = section.integer('widest', 0, 0, 128);
  return {
    jails: readPatterns(section, 'jail'),
    clients: readPatterns(section, 'client'),
    labels: readLabelPatterns(section),
    families: section.choice('family', 'both', ['4', '6', 'both']) === 'both' ? [] : [familyIn(section)],
    widest,
    narrowest: section.integer('narrowest', 128, widest, 128),
  };
}

function familyIn(section: SectionReader): Family {
  return section.choice('family', '4', ['4', '6']) === '4' ? 4 : 6;
}

/** `label.site = fra*, ams1` */
function readLabelPatterns(section: SectionReader): ReportFilter['labels'] {
  const keys = section.keysWith('label.');
  for (const key of keys.filter((each) => !isLabelKey(each)))
    section.problem(`label.${key}`, `is not the key of a label: allowed are ${labelKeyAllowed}`);
  return Object.fromEntries(keys.map((key) => [key, readPatterns(section, `label.${key}`)]));
}

function readPatterns(section: SectionReader, key: string): string[] {
  const patterns = readWords(section, key);
  const wrong = patterns.find((pattern) => !filterPattern.test(pattern));
  if (wrong !== undefined) section.problem(key, `${quote(wrong)}: allowed are ${filterAlphabet}`);
  return patterns;
}

function readWords(section: SectionReader, key: string): string[] {
  return section
    .text(key, '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
