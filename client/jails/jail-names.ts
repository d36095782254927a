import { type Clock, sleep } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import type { Log } from '../../shared/host/log.ts';
import { jailPattern } from '../../shared/names.ts';
import { parseObject } from '../../shared/sealed-channel.ts';
import type { WiredJail } from './jail-reader.ts';

/** How long lines of the queue wait for the first answer of fail2ban about names. */
const firstMaxMs = 10_000;

export interface JailNamesOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Which jail hands over under which name: `fail2networkban[name=SSH]` in the jail sshd writes SSH. Kept in a file, so that
 * an agent that starts before fail2ban knows it.
 */
export class JailNames {
  readonly #options: JailNamesOptions;
  readonly #first = new AbortController();
  /** Undefined until fail2ban has said it once, to this agent or to one before. */
  #jailOf: ReadonlyMap<string, string> | undefined;

  private constructor(options: JailNamesOptions, jailOf: ReadonlyMap<string, string> | undefined) {
    this.#options = options;
    this.#jailOf = jailOf;
    if (jailOf !== undefined) this.#first.abort();
  }

  static async open(options: JailNamesOptions): Promise<JailNames> {
    return new JailNames(options, await readNames(options.file));
  }

  /** The jail that hands over under this name; the name itself where none is known to. */
  jailOf(name: string): string {
    return this.#jailOf?.get(name) ?? name;
  }

  /** Resolves when the names are known, or fail2ban does not answer or takes too long. */
  async known(): Promise<void> {
    await sleep(this.#options.clock, firstMaxMs, this.#first.signal);
  }

  /** fail2ban does not answer: what was known before holds. */
  noAnswer(): void {
    this.#first.abort();
  }

  async learn(jails: readonly WiredJail[]): Promise<void> {
    const jailOf = mapNames(jails);
    const isNew = this.#jailOf === undefined || !isSame(jailOf, this.#jailOf);
    this.#jailOf = jailOf;
    this.#first.abort();
    if (!isNew) return;
    const { file, log } = this.#options;
    log.info({ names: Object.fromEntries(jailOf) }, "the action's names that are not their jail's");
    try {
      await replaceFile(file, `${JSON.stringify(Object.fromEntries(jailOf))}\n`);
    } catch (error) {
      log.warn(
        { file, error: describeError(error) },
        "the jails' names were not written; asked for again after a start",
      );
    }
  }
}

/** A name that two jails have, or that is another jail's own, tells no jail: the comparison of the jails does. */
export function mapNames(jails: readonly WiredJail[]): ReadonlyMap<string, string> {
  const own = new Set(jails.map(({ jail }) => jail));
  const shared = new Set(sharedNames(jails));
  return new Map(
    jails.flatMap(({ jail, aliases }) =>
      aliases.filter((name) => !own.has(name) && !shared.has(name)).map((name) => [name, jail] as const),
    ),
  );
}

/** The action's names that stand for more than one jail. */
export function sharedNames(jails: readonly WiredJail[]): readonly string[] {
  const seen = new Set(jails.map(({ jail }) => jail));
  const shared = new Set<string>();
  for (const name of jails.flatMap(({ aliases }) => [...new Set(aliases)])) {
    if (seen.has(name)) shared.add(name);
    seen.add(name);
  }
  return [...shared];
}

/**
 * What an agent before wrote; undefined when there is nothing, or it is damaged: fail2ban says it again.
 *
 * @throws Error of the file system
 */
async function readNames(file: string): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await readIfPresent(file);
  const names = text === undefined ? undefined : parseObject(text);
  if (names === undefined) return undefined;
  const entries = Object.entries(names);
  return new Map(
    entries.flatMap(([name, jail]) => (typeof jail === 'string' && jailPattern.test(jail) ? [[name, jail]] : [])),
  );
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, jail]) => b.get(name) === jail);
}
