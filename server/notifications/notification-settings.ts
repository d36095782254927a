import { describeFileError } from '../../shared/errors.ts';
import { jailGlobPattern } from '../../shared/names.ts';
import { quote } from '../../shared/refusal.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { SettingsReader } from '../../shared/settings-reader.ts';
import { splitWords } from '../../shared/split-words.ts';
import type { ConfiguredFiles } from '../configured-files.ts';
import { namedSections } from '../named-sections.ts';
import type { Endpoint } from '../outgoing/endpoint.ts';
import { readTarget } from '../outgoing/read-endpoint.ts';
import { readSecret } from '../outgoing/read-secret.ts';
import { type NoticeKind, noticeKinds } from './notice.ts';

/** What a channel is told of. */
export interface NoticeFilter {
  readonly kinds: ReadonlySet<NoticeKind>;
  /** Patterns of the jails whose bans and unbans are told. */
  readonly jails: readonly string[];
}

/** A `[webhook NAME]` section. */
export interface WebhookSettings {
  readonly kind: 'webhook';
  readonly name: string;
  readonly filter: NoticeFilter;
  readonly endpoint: Endpoint;
  /** Path and query. */
  readonly target: string;
  /** Read anew each time. @throws OutgoingError `credential` */
  readonly readSecret: () => string;
}

/** A `[notify-command NAME]` section. */
export interface NotifyCommandSettings {
  readonly kind: 'notify-command';
  readonly name: string;
  readonly filter: NoticeFilter;
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

export type NotificationSettings = WebhookSettings | NotifyCommandSettings;

/** Sections of both kinds together: each takes memory while it cannot be reached. */
export const channelsMax = 32;
const jailsMax = 100;
const defaultKinds: readonly NoticeKind[] = ['ban', 'refused', 'enforcer', 'room'];

/** What is wrong is reported to the reader. */
export function readNotificationSettings(
  reader: SettingsReader,
  files: ConfiguredFiles,
): readonly NotificationSettings[] {
  const webhooks = Array.from(namedSections(reader, 'webhook'), ([name, section]) => readWebhook(name, section, files));
  const commands = Array.from(namedSections(reader, 'notify-command'), ([name, section]) =>
    readCommand(name, section, files),
  );
  const settings = [...webhooks, ...commands];
  if (settings.length > channelsMax)
    reader.problem(
      '[webhook NAME]',
      `${settings.length} sections of webhooks and notify-commands: allowed are ${channelsMax}`,
    );
  return settings;
}

function readWebhook(name: string, section: SectionReader, files: ConfiguredFiles): WebhookSettings {
  const rules = {
    fallback: undefined,
    ports: { https: 443, http: 80 },
    plain: 'http://127.0.0.1:PORT/PATH on this host',
  };
  const secret = {
    key: 'secret',
    pattern: /^[\x21-\x7e]{16,256}$/,
    form: '16–256 characters without blanks, on one line',
  };
  return {
    kind: 'webhook',
    name,
    ...readTarget(section, files, rules),
    readSecret: readSecret(section, files, secret),
    filter: readFilter(section),
  };
}

function readCommand(name: string, section: SectionReader, files: ConfiguredFiles): NotifyCommandSettings {
  return {
    kind: 'notify-command',
    name,
    argv: readArgv(section, files),
    timeoutMs: section.duration('timeout', 10, 1) * 1_000,
    filter: readFilter(section),
  };
}

function readFilter(section: SectionReader): NoticeFilter {
  return { kinds: new Set(readKinds(section)), jails: readJails(section) };
}

function readKinds(section: SectionReader): readonly NoticeKind[] {
  const words = listOf(section.optional('events'));
  const kinds = words.map((word) => noticeKinds.find((kind) => kind === word));
  const wrong = words.find((_, at) => kinds[at] === undefined);
  if (wrong !== undefined) section.problem('events', `${quote(wrong)}: allowed are ${noticeKinds.join(', ')}`);
  return words.length === 0 ? defaultKinds : kinds.filter((kind) => kind !== undefined);
}

function readJails(section: SectionReader): readonly string[] {
  const jails = listOf(section.optional('jails'));
  const wrong = jails.find((jail) => !jailGlobPattern.test(jail));
  if (wrong !== undefined) section.problem('jails', `${quote(wrong)}: allowed are jails, or patterns as nginx-*`);
  if (jails.length > jailsMax) section.problem('jails', `${jails.length} patterns: allowed are ${jailsMax}`);
  return jails.length === 0 ? ['*'] : jails;
}

/** Separated by blanks or commas. */
function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function readArgv(section: SectionReader, files: ConfiguredFiles): readonly string[] {
  const text = section.required('argv', 'the program and its arguments, as /usr/local/bin/tell admins');
  if (section.isWrong('argv')) return [];
  const words = splitWords(text);
  if (words === undefined) section.problem('argv', `${quote(text)}: a double quote is not closed`);
  else inspectProgram(words, section, files);
  return words ?? [];
}

function inspectProgram([program = '']: readonly string[], section: SectionReader, files: ConfiguredFiles): void {
  if (!program.startsWith('/')) {
    const problem = `${quote(program)}: the first word is the program: allowed is an absolute path`;
    section.problem('argv', problem);
    return;
  }
  try {
    if ((files.modeOf(program) & 0o111) === 0) section.problem('argv', `${program} is not executable`);
  } catch (error) {
    section.problem('argv', `${program} cannot be run: ${describeFileError(error)}`, error);
  }
}
