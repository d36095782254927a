import { parseDnsName } from '../../shared/dns/dns-name.ts';
import type { KeptMeaning } from '../../shared/dns/known-names.ts';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import type { Log } from '../../shared/host/log.ts';
import { parseNetwork } from '../../shared/network.ts';
import { plural } from '../../shared/plural.ts';
import { Serial } from '../../shared/serial.ts';
import { decodeLine, encodeLine } from '../outbox/checked-line.ts';

interface Found {
  readonly text: string | undefined;
  readonly kept: readonly KeptMeaning[];
  readonly damage: readonly string[];
}

const consequence = 'what those names mean is unknown until DNS says so';

/** What DNS names meant last, so that a start without DNS protects as before. A line for each name, with a checksum. */
export class NameFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #writes = new Serial();
  /** What stands in it. A name that was damaged is none. */
  readonly kept: readonly KeptMeaning[];
  /** What is wrong with it, one sentence each. */
  readonly damage: readonly string[];
  /** Undefined: nobody knows. */
  #written: string | undefined;
  #isFailing = false;

  private constructor(path: string, log: Log, { text, kept, damage }: Found) {
    this.#path = path;
    this.#log = log;
    this.#written = text;
    this.kept = kept;
    this.damage = damage;
  }

  /** One that is not there keeps nothing, and neither does one that cannot be read. Never rejects. */
  static async open(path: string, log: Log): Promise<NameFile> {
    try {
      return new NameFile(path, log, readText(path, (await readIfPresent(path)) ?? ''));
    } catch (error) {
      const damage = [`${path} cannot be read (${describeError(error)}): ${consequence}`];
      return new NameFile(path, log, { text: undefined, kept: [], damage });
    }
  }

  /** Keeps these instead of those before, if they are others. Never rejects: what cannot be written is said once, and tried again with the next call. */
  save(meanings: readonly KeptMeaning[]): Promise<void> {
    const known = meanings.filter(({ networks }) => networks.length > 0);
    const text = known.map(({ name, networks }) => encodeLine({ name, networks })).join('');
    return this.#writes.inTurn(() => this.#write(text));
  }

  async #write(text: string): Promise<void> {
    if (text === this.#written) return;
    try {
      await replaceFile(this.#path, text);
      this.#written = text;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#log.warn({ file: this.#path, error: describeError(error) }, 'what DNS names mean cannot be kept now');
      this.#isFailing = true;
    }
  }
}

function readText(path: string, text: string): Found {
  const lines = text.split('\n').filter((line) => line !== '');
  const read = lines.map(readLine);
  const damaged = read.filter((meaning) => meaning === undefined).length;
  const damage =
    damaged === 0 ? [] : [`${path}: ${damaged} of ${plural(lines.length, 'line')} damaged: ${consequence}`];
  return { text, kept: read.filter((meaning) => meaning !== undefined), damage };
}

function readLine(line: string): KeptMeaning | undefined {
  const { name: text, networks: texts } = decodeLine(line) ?? {};
  const name = typeof text === 'string' ? parseDnsName(text) : undefined;
  if (name === undefined || !Array.isArray(texts)) return undefined;
  const networks = texts.map((each) => parseNetwork(String(each))).filter((network) => network !== undefined);
  return networks.length === texts.length ? { name, networks } : undefined;
}
