import { type Fail2ban, Fail2banError } from '../../fail2ban-client.ts';
import { isOurAction, parseActionNames, parseJailNames, parseRegexes } from '../../jails.ts';

/** Why a jail cannot take peers' bans, and what to do. */
export interface JailFault {
  /** Stable: the doctor's findings have it. */
  readonly code: 'peer-jail-absent' | 'peer-jail-echoes' | 'peer-jail-bans-itself';
  readonly fact: string;
  readonly consequence: string;
  readonly command: string;
}

/**
 * Looks whether a jail may be handed to the agent, which unbans there all that it did not ban. Undefined: it may.
 *
 * @throws Fail2banError also while fail2ban has no jail at all: it answers for a second before it has read its jails
 */
export async function findJailFault(
  jail: string,
  fail2ban: Fail2ban,
  signal: AbortSignal,
): Promise<JailFault | undefined> {
  // By the list of jails: to ask for a jail that is not there leaves an error in fail2ban's log each time.
  const jails = parseJailNames(await fail2ban(['status'], signal));
  if (jails.length === 0) throw new Fail2banError('fail2ban has no jails yet');
  if (!jails.includes(jail)) return absent(jail);
  if (parseActionNames(await fail2ban(['get', jail, 'actions'], signal)).some(isOurAction)) return echoes(jail);
  if (parseRegexes(await fail2ban(['get', jail, 'failregex'], signal)).length > 0) return bansItself(jail);
  return undefined;
}

function absent(jail: string): JailFault {
  return {
    code: 'peer-jail-absent',
    fact: `fail2ban has no jail ${jail}`,
    consequence: "peers' bans are not blocked here",
    command: `copy client/fail2ban/jail.d/fail2networkban-peers.conf to /etc/fail2ban/jail.d/ with the section [${jail}], then fail2ban-client reload`,
  };
}

function echoes(jail: string): JailFault {
  return {
    code: 'peer-jail-echoes',
    fact: `jail ${jail} has the action fail2networkban`,
    consequence: "peers' bans would go back as this host's own, so none are put there",
    command: `set \`action = %(action_)s\` in [${jail}], then fail2ban-client reload --restart ${jail}`,
  };
}

function bansItself(jail: string): JailFault {
  return {
    code: 'peer-jail-bans-itself',
    fact: `jail ${jail} has a failregex, so it makes bans of its own`,
    consequence: "the agent would end them, so peers' bans are not put there",
    command: `set \`filter =\` in [${jail}], then fail2ban-client reload --restart ${jail}, or name another jail in client.ini`,
  };
}
