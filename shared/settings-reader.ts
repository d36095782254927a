import { parse } from 'ini';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { suggest } from './nearest.ts';
import { isPassingFault } from './passing-fault.ts';
import { quote } from './refusal.ts';
import { SectionReader, type Value } from './section-reader.ts';

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
  readonly #secrets: string[] = [];
  /** The keys that were asked for, by section. */
  readonly #asked = new Map<string, Set<string>>();
  /** What may stand in brackets, as `[server]` and `[proxmox NAME]`. */
  readonly #headers = new Set<string>();

  constructor(file: string, text: string) {
    this.#file = file;
    this.#read(text);
  }

  /** Whether the file has a section of this name. */
  has(name: string): boolean {
    this.#headers.add(`[${name}]`);
    return this.#sections.has(name);
  }

  /** The section of this name; one that is absent has only defaults. */
  section(name: string): SectionReader {
    this.#headers.add(`[${name}]`);
    return this.#open(name);
  }

  /** The sections `[kind NAME]`, by name, in the file's order. */
  named(kind: string): ReadonlyMap<string, SectionReader> {
    this.#headers.add(`[${kind} NAME]`);
    const found = new Map<string, SectionReader>();
    for (const name of this.#sections.keys()) {
      if (name.startsWith(`${kind} `)) found.set(name.slice(kind.length + 1).trim(), this.#open(name));
    }
    return found;
  }

  /** The keys read so far whose values are secrets, as `[proxmox main] token`. */
  get secrets(): readonly string[] {
    return this.#secrets;
  }

  /** Adds a problem that only the caller can see. */
  problem(key: string, detail: string): void {
    this.#report(undefined, key, detail);
  }

  /** @throws ConfigError with every problem found, unknown sections and keys among them. */
  finish(): void {
    for (const [name, section] of this.#sections) {
      const allowed = this.#asked.get(name);
      if (allowed === undefined) this.#report(section.line, `[${name}]`, this.#describeUnknown(name));
      else this.#reportUnknownKeys(section, allowed);
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #open(name: string): SectionReader {
    const asked = this.#asked.get(name) ?? new Set();
    this.#asked.set(name, asked);
    const section = this.#sections.get(name);
    return new SectionReader(name, section?.values ?? new Map(), {
      asked,
      noteSecret: (key) => this.#secrets.push(`[${name}] ${key}`),
      report: (line, key, detail, cause) => this.#report(line ?? section?.line, `[${name}] ${key}`, detail, cause),
    });
  }

  #describeUnknown(name: string): string {
    if (this.#headers.has(`[${name} NAME]`)) return `needs a name, as [${name} main]`;
    return `unknown section: ${suggest(`[${name}]`, [...this.#headers])}`;
  }

  #reportUnknownKeys({ name, values }: RawSection, allowed: ReadonlySet<string>): void {
    for (const [key, { line }] of values) {
      if (!allowed.has(key)) this.#report(line, `[${name}] ${key}`, `unknown key: ${suggest(key, [...allowed])}`);
    }
  }

  /** One line at a time, so that each value keeps its line; `ini` decides what quotes, escapes and comments mean. */
  #read(text: string): void {
    let section: RawSection | undefined;
    for (const [index, content] of text.split(/\r?\n/).entries()) {
      const line = index + 1;
      const trimmed = content.trim();
      if (trimmed === '' || trimmed.startsWith(';') || trimmed.startsWith('#')) continue;
      const header = /^\[\s*([^\]]*?)\s*\]$/.exec(trimmed)?.[1];
      if (header !== undefined) section = this.#begin(header.replace(/\s+/g, ' '), line);
      else if (section === undefined) this.#report(line, keyOf(trimmed), 'stands before the first [section]');
      else this.#readValue(section, trimmed, line);
    }
  }

  #begin(name: string, line: number): RawSection {
    if (this.#sections.has(name)) this.#report(line, `[${name}]`, 'stands twice');
    const section = { name, line, values: new Map<string, Value>() };
    this.#sections.set(name, section);
    return section;
  }

  #readValue(section: RawSection, content: string, line: number): void {
    const [entry] = Object.entries(parse(content, { bracketedArray: false }));
    if (entry === undefined || !content.includes('=')) {
      this.#report(line, keyOf(content), 'is not of the form key = value');
      return;
    }
    const [key, value] = entry;
    if (section.values.has(key)) this.#report(line, `[${section.name}] ${key}`, 'stands twice');
    section.values.set(key, { text: String(value), line });
  }

  #report(line: number | undefined, key: string, detail: string, cause?: unknown): void {
    const where = line === undefined ? this.#file : `${this.#file}:${line}`;
    this.#problems.push({ where, key, detail, isPassing: isPassingFault(cause) });
  }
}

/** What is said of a line: never its value, which may be a secret that got into the wrong place. */
function keyOf(line: string): string {
  return quote(line.replace(/\s*=.*$/, ''));
}
