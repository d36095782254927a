import { EnforcerError } from '../../../shared/errors.ts';
import type { Fail2ban } from '../../fail2ban-client.ts';
import { parseActionNames } from '../../jails.ts';
import { type Owner, ownerIdPattern } from '../owner.ts';

const prefix = 'f2nb-owner-';

/**
 * Marks a peer jail as one agent's: by an action without commands, `f2nb-owner-ID`, which fail2ban keeps until it is
 * reloaded, and whose property `place` names the agent's state. Of two agents with one jail, each would unban what the
 * other has banned.
 */
export class JailOwner {
  readonly #jail: string;
  readonly #fail2ban: Fail2ban;
  /** The jail had our mark since the agent's start. */
  #wasOurs = false;

  constructor(jail: string, fail2ban: Fail2ban) {
    this.#jail = jail;
    this.#fail2ban = fail2ban;
  }

  /**
   * Makes sure that the jail is this agent's. One without a mark becomes so, and once one whose mark is of a former state in the
   * same place.
   *
   * @throws EnforcerError `denied` when it is another agent's; Fail2banError
   */
  async claim(owner: Owner, signal: AbortSignal): Promise<void> {
    const names = parseActionNames(await this.#fail2ban(['get', this.#jail, 'actions'], signal));
    const marks = names.filter((name) => name.startsWith(prefix) && ownerIdPattern.test(name.slice(prefix.length)));
    const mark = `${prefix}${owner.id}`;
    if (!marks.includes(mark)) {
      for (const other of marks) await this.#takeOver(other, owner, signal);
      await this.#set(['addaction', mark], signal);
      await this.#set(['action', mark, 'place', owner.place], signal);
    }
    this.#wasOurs = true;
  }

  async #takeOver(mark: string, owner: Owner, signal: AbortSignal): Promise<void> {
    const place = (await this.#fail2ban(['get', this.#jail, 'action', mark, 'place'], signal)).trim();
    if (this.#wasOurs || place !== owner.place) throw belongsToAnother(this.#jail, mark, place);
    await this.#set(['delaction', mark], signal);
  }

  async #set(words: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#fail2ban(['set', this.#jail, ...words], signal);
  }
}

function belongsToAnother(jail: string, mark: string, place: string): EnforcerError {
  return new EnforcerError(
    'denied',
    `jail ${jail} belongs to another agent, that of ${place}, and is left alone: give each agent a peer jail of its own, or, if the other is gone: fail2ban-client set ${jail} delaction ${mark}`,
  );
}
