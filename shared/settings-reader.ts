import { parse } from 'ini';
import { durationAllowed, parseDuration } from './duration.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { type Network, parseNetwork } from './network.ts';
import { quote } from './refusal.ts';

interface Value {
  readonly text: string;
  readonly line: number;
}

interface RawSection {
  readonly name: string;
  readonly line: number;
  readonly values: Map<string, Value>;
}

/**
 * Reads an INI file key by key, and at the end says everything that is wrong with it at once: each unknown or wrong key
 * with its line, the value and what is allowed.
 *
 * ```ts
 * const reader = new SettingsReader(path, text);
 * const server = reader.section('server');
 * const settings = { port: server.integer('port', 1514, 1, 65535) };
 * reader.finish(); // throws ConfigError
 * ```
 */
export class SettingsReader {
  readonly #file: string;
  readonly #sections = new Map<string, RawSection>();
  readonly #problems: ConfigProblem[] = [];
  readonly #asked = new Set<string>();

  constructor(file: string, text: string) {
    this.#file = file;
    this.#read(text);
  }

  /** Whether the file has a section of this name. */
  has(name: string): boolean {
    return this.#sections.has(name);
  }

  /** The section of this name; one that is absent has only defaults. */
  section(name: string): SectionReader {
    this.#asked.add(name);
    return new SectionReader(name, this.#sections.get(name)?.values ?? new Map(), (line, key, detail) =>
      this.#report(line ?? this.#sections.get(name)?.line, `[${name}] ${key}`, detail),
    );
  }

  /** The sections `[kind NAME]`, by name, in the file's order. */
  named(kind: string): ReadonlyMap<string, SectionReader> {
    const found = new Map<string, SectionReader>();
    for (const name of this.#sections.keys()) {
      if (name.startsWith(`${kind} `)) found.set(name.slice(kind.length + 1).trim(), this.section(name));
    }
    return found;
  }

  /** Adds a problem that only the caller can see. */
  problem(key: string, detail: string): void {
    this.#report(undefined, key, detail);
  }

  /** @throws ConfigError with every problem found, unknown sections and keys among them. */
  finish(): void {
    for (const [name, section] of this.#sections) {
      if (!this.#asked.has(name)) this.#report(section.line, `[${name}]`, 'unknown section');
      for (const [key, { line }] of section.values) this.#report(line, `[${name}] ${key}`, 'unknown key');
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  /** One line at a time, so that each value keeps its line; `ini` decides what quotes, escapes and comments mean. */
  #read(text: string): void {
    let section: RawSection | undefined;
    for (const [index, content] of text.split(/\r?\n/).entries()) {
      const line = index + 1;
      const trimmed = content.trim();
      if (trimmed === '' || trimmed.startsWith(';') || trimmed.startsWith('#')) continue;
      const header = /^\[\s*([^\]]*?)\s*\]$/.exec(trimmed)?.[1];
      if (header !== undefined) section = this.#open(header.replace(/\s+/g, ' '), line);
      else if (section === undefined) this.#report(line, quote(trimmed), 'stands before the first [section]');
      else this.#readValue(section, trimmed, line);
    }
  }

  #open(name: string, line: number): RawSection {
    if (this.#sections.has(name)) this.#report(line, `[${name}]`, 'stands twice');
    const section = { name, line, values: new Map<string, Value>() };
    this.#sections.set(name, section);
    return section;
  }

  #readValue(section: RawSection, content: string, line: number): void {
    const [entry] = Object.entries(parse(content, { bracketedArray: false }));
    if (entry === undefined || !content.includes('=')) {
      this.#report(line, quote(content), 'is not of the form key = value');
      return;
    }
    const [key, value] = entry;
    if (section.values.has(key)) this.#report(line, `[${section.name}] ${key}`, 'stands twice');
    section.values.set(key, { text: String(value), line });
  }

  #report(line: number | undefined, key: string, detail: string): void {
    this.#problems.push({ where: line === undefined ? this.#file : `${this.#file}:${line}`, key, detail });
  }
}

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['true', true],
  ['on', true],
  ['no', false],
  ['false', false],
  ['off', false],
]);

type Report = (line: number | undefined, key: string, detail: string) => void;

/** Readers of one value each. A wrong value is reported and the default returned, so that reading can go on to the next. */
export class SectionReader {
  readonly name: string;
  readonly #values: Map<string, Value>;
  readonly #report: Report;

  constructor(name: string, values: Map<string, Value>, report: Report) {
    this.name = name;
    this.#values = values;
    this.#report = report;
  }

  text(key: string, fallback: string): string {
    return this.#take(key, fallback, 'a text', (text) => (text === '' ? undefined : text));
  }

  /** Absent means undefined. */
  optional(key: string): string | undefined {
    return this.#take<string | undefined>(key, undefined, 'a text', (text) => (text === '' ? undefined : text));
  }

  /** A key that must be there. */
  required(key: string, allowed: string): string {
    const value = this.optional(key);
    if (value === undefined) this.#report(undefined, key, `is missing: ${allowed}`);
    return value ?? '';
  }

  flag(key: string, fallback: boolean): boolean {
    return this.#take(key, fallback, 'yes or no', (text) => flagWords.get(text.toLowerCase()));
  }

  integer(key: string, fallback: number, least: number, most: number): number {
    return this.#take(key, fallback, `a whole number from ${least} to ${most}`, (text) => {
      const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    });
  }

  /** Seconds. */
  duration(key: string, fallback: number, least: number): number {
    return this.#take(key, fallback, `${durationAllowed}, at least ${least}s`, (text) => {
      const seconds = parseDuration(text);
      return seconds !== undefined && seconds >= least ? seconds : undefined;
    });
  }

  choice<const Choice extends string>(key: string, fallback: Choice, choices: readonly Choice[]): Choice {
    return this.#take(key, fallback, `one of ${choices.join(', ')}`, (text) =>
      choices.find((choice) => choice === text),
    );
  }

  /** Separated by commas or blanks; none when absent. */
  networks(key: string): readonly Network[] {
    return this.#take<readonly Network[]>(key, [], 'a list of IPv4 or IPv6 addresses and CIDRs', (text) => {
      const items = text.split(/[\s,]+/).filter((item) => item !== '');
      const networks = items.map(parseNetwork).filter((network) => network !== undefined);
      return networks.length === items.length ? networks : undefined;
    });
  }

  /** A text of a form. */
  matching(key: string, fallback: string, pattern: RegExp, allowed: string): string {
    return this.#take(key, fallback, allowed, (text) => (pattern.test(text) ? text : undefined));
  }

  /** Says that a value which was read does not do. */
  problem(key: string, detail: string): void {
    this.#report(undefined, key, detail);
  }

  #take<T>(key: string, fallback: T, allowed: string, read: (text: string) => T | undefined): T {
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    this.#values.delete(key);
    const result = read(value.text);
    if (result === undefined && value.text !== '')
      this.#report(value.line, key, `${quote(value.text)}: allowed is ${allowed}`);
    return result ?? fallback;
  }
}
