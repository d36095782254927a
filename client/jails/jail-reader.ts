import type { Clock } from '../../shared/clock.ts';
import { carryJail } from '../../shared/jail-name.ts';
import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { actionName, isOurAction, parseActionNames, parseJailList } from '../jails.ts';
import { readStoredBans } from './bans-database.ts';
import { readIgnored } from './ignored-networks.ts';
import type { JailLook, Look, StoredBans } from './jail-look.ts';
import type { JailNames } from './jail-names.ts';
import { readJailNames } from './read-jail-names.ts';

/** A jail that hands over. */
export interface WiredJail {
  /** As fail2ban knows it. */
  readonly name: string;
  /** As it is carried. */
  readonly jail: string;
  /** Names of the action that are not the jail's, from `fail2networkban[name=SSH]`. */
  readonly aliases: readonly string[];
}

export interface JailReaderOptions {
  readonly fail2ban: Fail2ban;
  readonly clock: Clock;
  /** Peers' bans are nobody's to report here: left out even where somebody gave such a jail the action. */
  readonly peerJails: readonly string[];
  /** See {@link Look.life}. */
  readonly readLife: () => Promise<string | undefined>;
  /** Learns the names each time when fail2ban is asked for them. */
  readonly names: Pick<JailNames, 'learn' | 'noAnswer'>;
}

const nothing: JailLook['list'] = new Map();

/** Looks at the jails of this host that hand over to this agent. */
export class JailReader {
  readonly #options: JailReaderOptions;
  #wired: readonly WiredJail[] = [];
  #databaseFile: string | undefined;
  /** How often in a row the database held nothing of what fail2ban lists: it is another fail2ban's. */
  #contradictions = 0;

  constructor(options: JailReaderOptions) {
    this.#options = options;
  }

  /** Looks at all jails. @throws Fail2banError also when fail2ban was started anew meanwhile */
  readAll(signal: AbortSignal): Promise<Look> {
    const { fail2ban } = this.#options;
    return this.#look(async () => {
      this.#wired = await this.#readWired(signal);
      this.#databaseFile = await readDatabaseFile(fail2ban, signal);
      const jails = await this.#readLists(this.#wired, signal);
      const names = this.#wired.map(({ name }) => name);
      return { jails, ignored: await readIgnored(names, fail2ban, signal) };
    });
  }

  /** Learns which jails hand over under which names, if fail2ban answers. */
  async learnNames(signal: AbortSignal): Promise<void> {
    try {
      await this.#readWired(signal);
    } catch (error) {
      if (!(error instanceof Fail2banError)) throw error;
      this.#options.names.noAnswer();
    }
  }

  /** Looks again at some of the jails that {@link readAll} found, at little cost. @throws Fail2banError */
  readSome(jails: ReadonlySet<string>, signal: AbortSignal): Promise<Look> {
    const some = this.#wired.filter(({ jail, aliases }) => [jail, ...aliases].some((name) => jails.has(name)));
    return this.#look(async () => ({ jails: await this.#readLists(some, signal) }));
  }

  async #readWired(signal: AbortSignal): Promise<readonly WiredJail[]> {
    const { fail2ban, peerJails, names } = this.#options;
    const wired = await readWiredJails(fail2ban, signal, peerJails);
    await names.learn(wired);
    return wired;
  }

  async #look(read: () => Promise<Pick<Look, 'jails' | 'ignored'>>): Promise<Look> {
    const { clock, readLife } = this.#options;
    const beganMs = clock.elapsed();
    const life = await readLife();
    const found = await read();
    if ((await readLife()) !== life) throw new Fail2banError('fail2ban was started anew in the middle of a look');
    return { beganMs, endedMs: clock.elapsed(), life, ...found };
  }

  async #readLists(wired: readonly WiredJail[], signal: AbortSignal): Promise<ReadonlyMap<string, JailLook>> {
    const lists = new Map<string, JailLook['list']>();
    for (const { name } of wired) {
      const list = await this.#readList(name, signal);
      if (list !== undefined) lists.set(name, list);
    }
    const stored = await this.#readStored(lists);
    const jails = new Map<string, JailLook>();
    for (const { name, jail } of wired) {
      const list = lists.get(name);
      if (list !== undefined) jails.set(jail, { list, stored: stored?.get(name) });
    }
    // After all jails: what was reported under the action's name goes only when its jail's own report stands.
    for (const alias of wired.flatMap(({ aliases }) => aliases)) {
      if (!jails.has(alias)) jails.set(alias, { list: nothing, stored: stored && new Map() });
    }
    return jails;
  }

  /** Undefined for a jail that is gone or just starts anew; the others are read all the same. */
  async #readList(name: string, signal: AbortSignal): Promise<JailLook['list'] | undefined> {
    try {
      return parseJailList(await this.#options.fail2ban(['get', name, 'banip', '--with-time'], signal));
    } catch (error) {
      if (error instanceof Fail2banError && error.isAnswer) return undefined;
      throw error;
    }
  }

  /** What the database holds, after the lists, so that what is in neither was in neither at one moment. */
  async #readStored(
    lists: ReadonlyMap<string, JailLook['list']>,
  ): Promise<ReadonlyMap<string, StoredBans> | undefined> {
    if (this.#databaseFile === undefined) return undefined;
    const stored = await readStoredBans(this.#databaseFile, [...lists.keys()]);
    if (stored === undefined) return undefined;
    if (!contradicts(lists, stored)) {
      if (this.#contradictions < 2) this.#contradictions = 0;
    } else this.#contradictions += 1;
    // A single ban may be in the list a moment before it is in the database.
    return this.#contradictions === 0 ? stored : undefined;
  }
}

/** The jails that hand over to this agent. @throws Fail2banError */
export async function readWiredJails(
  fail2ban: Fail2ban,
  signal: AbortSignal,
  peerJails: readonly string[] = [],
): Promise<readonly WiredJail[]> {
  const wired: WiredJail[] = [];
  for (const name of await readJailNames(fail2ban, signal)) {
    if (peerJails.includes(name)) continue;
    const actions = parseActionNames(await fail2ban(['get', name, 'actions'], signal));
    if (!actions.some(isOurAction)) continue;
    wired.push({ name, jail: carryJail(name), aliases: await aliasesOf(name, actions, fail2ban, signal) });
  }
  return wired;
}

/**
 * Names of our action in a jail that are not the jail's own, as they are carried. fail2ban gives an action whose `name=` is
 * not the jail's another name of its own, so that only such a one is asked.
 *
 * @throws Fail2banError
 */
export async function aliasesOf(
  jail: string,
  actions: readonly string[],
  fail2ban: Fail2ban,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const aliases: string[] = [];
  for (const action of actions.filter((each) => isOurAction(each) && each !== actionName)) {
    const alias = (await fail2ban(['get', jail, 'action', action, 'name'], signal)).replace(/\n$/, '');
    if (alias !== '' && alias !== jail) aliases.push(carryJail(alias));
  }
  return aliases;
}

/** The file of fail2ban's database; undefined where it has none, or does not say. */
export async function readDatabaseFile(fail2ban: Fail2ban, signal: AbortSignal): Promise<string | undefined> {
  try {
    return parseDatabaseFile(await fail2ban(['get', 'dbfile'], signal));
  } catch (error) {
    if (error instanceof Fail2banError) return undefined;
    throw error;
  }
}

/** The file out of `fail2ban-client get dbfile`; undefined where there is none, or none that outlives fail2ban. */
export function parseDatabaseFile(text: string): string | undefined {
  return /^`- (\/.*)$/m.exec(text)?.[1];
}

/** Whether lists name networks and the database none of them. */
function contradicts(lists: ReadonlyMap<string, JailLook['list']>, stored: ReadonlyMap<string, StoredBans>): boolean {
  let isAnyListed = false;
  for (const [name, list] of lists) {
    for (const network of list.keys()) {
      if (stored.get(name)?.has(network) === true) return false;
      isAnyListed = true;
    }
  }
  return isAnyListed;
}
