import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { readStoredBans } from '../jails/bans-database.ts';
import { aliasesOf, readDatabaseFile } from '../jails/jail-reader.ts';
import { readJailNames } from '../jails/read-jail-names.ts';
import { parseActionNames } from '../jails.ts';

/** A jail with the names of its actions, in the order in which they run. */
export interface JailFacts {
  readonly name: string;
  readonly actions: readonly string[];
  /** Names of the action that are not the jail's, as they are carried. */
  readonly aliases?: readonly string[];
}

export type Fail2banFacts =
  | { readonly kind: 'silent'; readonly reason: string }
  /** As it is configured; `isSubscribed`: the host blocks what others ban. */
  | { readonly kind: 'absent'; readonly isSubscribed: boolean }
  | {
      readonly kind: 'running';
      readonly jails: readonly JailFacts[];
      /** Its database, where it has one that cannot be read from here. */
      readonly hiddenDatabase?: string | undefined;
    };

/** Asks fail2ban for its jails and their actions. */
export async function readFail2ban(fail2ban: Fail2ban, signal: AbortSignal): Promise<Fail2banFacts> {
  try {
    const jails: JailFacts[] = [];
    for (const name of await readJailNames(fail2ban, signal)) {
      const actions = parseActionNames(await fail2ban(['get', name, 'actions'], signal));
      jails.push({ name, actions, aliases: await aliasesOf(name, actions, fail2ban, signal) });
    }
    return { kind: 'running', jails, hiddenDatabase: await findHiddenDatabase(fail2ban, signal) };
  } catch (error) {
    if (error instanceof Fail2banError) return { kind: 'silent', reason: error.message };
    throw error;
  }
}

async function findHiddenDatabase(fail2ban: Fail2ban, signal: AbortSignal): Promise<string | undefined> {
  const file = await readDatabaseFile(fail2ban, signal);
  return file !== undefined && (await readStoredBans(file, [])) === undefined ? file : undefined;
}
