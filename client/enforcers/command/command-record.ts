import { readIfPresent } from '../../../shared/host/absent-file.ts';
import { appendDurably, exchangeFile, replaceFile } from '../../../shared/host/durable-file.ts';
import type { Log } from '../../../shared/host/log.ts';
import type { Network } from '../../../shared/network.ts';
import { Serial } from '../../../shared/serial.ts';
import type { BanFacts } from './command-event.ts';
import { formatCarriedOut, parseRecord } from './record-lines.ts';

/** Lines that the file may have beyond twice as many as bans. */
const spareLines = 1_000;

/**
 * Which bans a command has carried out, with what it was told of them: no program can be asked for that. One line a step
 * at the end of a file, on disk before the step counts as done, so that a restart neither repeats nor forgets it.
 */
export class CommandRecord {
  readonly #path: string;
  readonly #log: Log;
  /** Not on disk yet; after a failed write they wait for the next. */
  readonly #pending: string[] = [];
  readonly #writes = new Serial();
  #isTorn = false;
  #isKnown = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Reads the file as it stands, after what is still to be written. Lines that cannot be read are said, kept aside and left
   * out; a file that is not there is said, and begun anew.
   *
   * @throws Error of the file system; nothing may be carried out while it cannot be written down
   */
  async read(): Promise<Map<Network, BanFacts>> {
    await this.#write();
    const text = await readIfPresent(this.#path);
    if (text === undefined) return this.#begin();
    this.#isKnown = true;
    const { bans, lines, unreadable, isUnchecked } = parseRecord(text);
    if (unreadable > 0) await this.#setAside(text, unreadable);
    if (unreadable > 0 || isUnchecked || lines > 2 * bans.size + spareLines) await this.#rewrite(bans);
    return bans;
  }

  /** A ban was carried out. @throws Error of the file system */
  add(network: Network, facts: BanFacts): Promise<void> {
    return this.#append(formatCarriedOut('ban', network, facts));
  }

  /** The end of a ban was. @throws Error of the file system */
  remove(network: Network): Promise<void> {
    return this.#append(formatCarriedOut('unban', network));
  }

  async #begin(): Promise<Map<Network, BanFacts>> {
    const said = { file: this.#path };
    if (this.#isKnown) this.#log.warn(said, 'the record of what the command has carried out is lost: it begins anew');
    else this.#log.info(said, 'no record of what the command has carried out: it begins');
    await replaceFile(this.#path, '');
    this.#isKnown = true;
    return new Map();
  }

  async #setAside(text: string, unreadable: number): Promise<void> {
    const aside = `${this.#path}.damaged`;
    this.#log.warn({ file: this.#path, unreadable, aside }, 'lines of the record cannot be read and are left out');
    await exchangeFile(aside, text);
  }

  #rewrite(bans: ReadonlyMap<Network, BanFacts>): Promise<void> {
    return replaceFile(
      this.#path,
      [...bans].map(([network, facts]) => formatCarriedOut('ban', network, facts)).join(''),
    );
  }

  #append(line: string): Promise<void> {
    this.#pending.push(line);
    return this.#write();
  }

  #write(): Promise<void> {
    return this.#writes.inTurn(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const count = this.#pending.length;
    if (count === 0) return;
    // What a failed write left of a line must not become the beginning of the next.
    const text = `${this.#isTorn ? '\n' : ''}${this.#pending.join('')}`;
    this.#isTorn = true;
    await appendDurably(this.#path, text);
    this.#isTorn = false;
    this.#pending.splice(0, count);
  }
}
