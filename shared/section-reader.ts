import { type DnsName, dnsNameAllowed } from './dns/dns-name.ts';
import { durationAllowed, parseDuration } from './duration.ts';
import { socketPathMaxBytes } from './host/socket-path.ts';
import { type Network, parseNetwork } from './network.ts';
import { parseNetworkList } from './network-list.ts';
import { parsePin } from './pin.ts';
import { quote } from './refusal.ts';

/** What stands behind a key. */
export interface Value {
  readonly text: string;
  readonly line: number;
}

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['true', true],
  ['on', true],
  ['no', false],
  ['false', false],
  ['off', false],
]);

/** What a reader of sections gives to each. */
interface Owner {
  /** Collects the keys that were asked for: others are unknown. */
  readonly asked: Set<string>;
  /** An undefined line is the section's. */
  readonly report: (line: number | undefined, key: string, detail: string, cause?: unknown) => void;
  /** Told of each key whose value is a secret. */
  readonly noteSecret: (key: string) => void;
}

/** Readers of one value each. A wrong value is reported and the default returned, so that reading can go on to the next. */
export class SectionReader {
  readonly name: string;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #owner: Owner;
  readonly #wrong = new Set<string>();

  constructor(name: string, values: ReadonlyMap<string, Value>, owner: Owner) {
    this.name = name;
    this.#values = values;
    this.#owner = owner;
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
    if (value === undefined) this.problem(key, `is missing: ${allowed}`);
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
    const networks: Network[] = [];
    for (const item of this.text(key, '').split(/[\s,]+/)) {
      const network = parseNetwork(item);
      if (network !== undefined) networks.push(network);
      else if (item !== '') this.problem(key, `${quote(item)}: allowed is an IPv4 or IPv6 address or CIDR`);
    }
    return networks;
  }

  /** Networks and DNS names, separated by commas or blanks; none when absent. */
  networksAndNames(key: string): { readonly networks: readonly Network[]; readonly names: readonly DnsName[] } {
    const items = this.text(key, '').split(/[\s,]+/);
    const { networks, names, wrong } = parseNetworkList(items.join('\n'));
    for (const { text } of wrong)
      this.problem(key, `${quote(text)}: allowed is an IPv4 or IPv6 address or CIDR, or ${dnsNameAllowed}`);
    return { networks, names };
  }

  /** As pin.ts makes it; absent means undefined. */
  pin(key: string): string | undefined {
    const allowed = 'the SHA-256 of a certificate or its public key: 64 hexadecimal digits, colons between them or not';
    return this.#take<string | undefined>(key, undefined, allowed, parsePin);
  }

  /** A text that `parse` reads; it gives undefined for what is not `allowed`. */
  parsed<Result>(key: string, fallback: Result, allowed: string, parse: (text: string) => Result | undefined): Result {
    return this.#take(key, fallback, allowed, parse);
  }

  /** A text of a form. */
  matching(key: string, fallback: string, pattern: RegExp, allowed: string): string {
    return this.#take(key, fallback, allowed, (text) => (pattern.test(text) ? text : undefined));
  }

  /** Where a Unix socket is to be. */
  socketPath(key: string, fallback: string): string {
    const path = this.text(key, fallback);
    const bytes = Buffer.byteLength(path);
    const isLong = bytes > socketPathMaxBytes;
    if (!isLong && /^\/[\x20-\x7e]*$/.test(path)) return path;
    const allowed = `allowed is an absolute path, at most ${socketPathMaxBytes} bytes`;
    this.problem(key, `${quote(path)}: ${allowed}${isLong ? `, and this has ${bytes}` : ''}`);
    return fallback;
  }

  /** The keys that begin so, without that beginning: of `label.site` with `label.` it is `site`. */
  keysWith(beginning: string): string[] {
    return [...this.#values.keys()]
      .filter((key) => key.startsWith(beginning))
      .map((key) => key.slice(beginning.length));
  }

  /** A value that nobody else may read, if it is there. It makes the file that holds it a secret: see SettingsReader.secrets. */
  secret(key: string): string | undefined {
    const value = this.optional(key);
    if (value !== undefined) this.#owner.noteSecret(key);
    return value;
  }

  /**
   * Says that a value which was read does not do, or that one is missing.
   *
   * @param cause error of the file that the value names: tells whether the problem may pass, see passing-fault.ts
   */
  problem(key: string, detail: string, cause?: unknown): void {
    this.#wrong.add(key);
    this.#owner.report(this.#values.get(key)?.line, key, detail, cause);
  }

  /** Whether something was said of it already: what was read in its place is a default, of which nothing follows. */
  isWrong(key: string): boolean {
    return this.#wrong.has(key);
  }

  #take<T>(key: string, fallback: T, allowed: string, read: (text: string) => T | undefined): T {
    this.#owner.asked.add(key);
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    const result = read(value.text);
    if (result === undefined && value.text !== '') this.problem(key, `${quote(value.text)}: allowed is ${allowed}`);
    return result ?? fallback;
  }
}
