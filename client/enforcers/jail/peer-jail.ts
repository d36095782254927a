import type { Clock } from '../../../shared/clock.ts';
import type { Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { parseNetwork } from '../../../shared/network.ts';
import { type Fail2ban, Fail2banError } from '../../fail2ban-client.ts';
import { noteOwner, type Owner } from '../owner.ts';
import { BatchSize } from './batch-size.ts';
import { findJailFault } from './jail-fault.ts';
import { JailOwner } from './jail-owner.ts';

export interface PeerJailOptions {
  readonly fail2ban: Fail2ban;
  readonly clock: Clock;
  /** Whose the jail is to be. @throws Error of the file system */
  readonly owner: () => Promise<Owner>;
}

/**
 * One jail of fail2ban that holds peers' bans: `jail/NAME`. fail2ban does not say who banned, so all that the jail holds
 * is ours, also what somebody banned there by hand. A jail that makes bans of its own is denied for that reason.
 *
 * @param jail fits plainJailPattern
 */
export function openPeerJail(jail: string, options: PeerJailOptions): Enforcer {
  return new PeerJail(jail, options);
}

/** Steps of one kind that follow each other, in fail2ban's words. */
interface Run {
  readonly command: 'banip' | 'unbanip';
  readonly spellings: string[];
}

class PeerJail implements Enforcer {
  readonly name: string;
  readonly #jail: string;
  readonly #options: PeerJailOptions;
  readonly #owner: JailOwner;
  readonly #batch = new BatchSize();
  /** Milliseconds that fail2ban-client needs for a question that costs fail2ban nothing. */
  #startMs = 0;

  constructor(jail: string, options: PeerJailOptions) {
    this.name = `jail/${jail}`;
    this.#jail = jail;
    this.#options = options;
    this.#owner = new JailOwner(jail, options.fail2ban);
  }

  get stepsPerCall(): number {
    return this.#batch.steps;
  }

  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    await this.#check(signal);
    return (await this.#spellings(signal)).flatMap((spelling) => {
      const network = parseNetwork(spelling);
      return network === undefined ? [] : [{ network, spelling, owner: 'ours' }];
    });
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const { command, spellings } of runsOf(steps)) {
      const present = command === 'banip' ? spellings : await this.#withoutAbsent(spellings, signal);
      if (present.length > 0) await this.#change(command, present, signal);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws EnforcerError `denied` when the jail is not there, is not a peer jail, or is another agent's */
  async #check(signal: AbortSignal): Promise<void> {
    const fault = await converted(findJailFault(this.#jail, this.#timed(), signal));
    if (fault !== undefined) {
      throw new EnforcerError('denied', `${fault.fact}, so ${fault.consequence}: ${fault.command}`);
    }
    await converted(this.#owner.claim(await noteOwner(this.#options.owner), signal));
  }

  /** fail2ban, with the time of its last answer kept. */
  #timed(): Fail2ban {
    const { fail2ban, clock } = this.#options;
    return async (args, signal) => {
      const startedMs = clock.elapsed();
      const answer = await fail2ban(args, signal);
      this.#startMs = clock.elapsed() - startedMs;
      return answer;
    };
  }

  async #spellings(signal: AbortSignal): Promise<readonly string[]> {
    const text = await converted(this.#options.fail2ban(['get', this.#jail, 'banip'], signal));
    return text.split(/\s+/).filter((spelling) => spelling !== '');
  }

  /** fail2ban takes the unban of a CIDR that it does not hold for one of every address inside of it. */
  async #withoutAbsent(spellings: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    if (!spellings.some(isWide)) return spellings;
    const held = new Set(await this.#spellings(signal));
    return spellings.filter((spelling) => held.has(spelling));
  }

  async #change(command: Run['command'], spellings: readonly string[], signal: AbortSignal): Promise<void> {
    const { fail2ban, clock } = this.#options;
    const startedMs = clock.elapsed();
    try {
      await converted(fail2ban(['set', this.#jail, command, ...spellings], signal));
    } catch (error) {
      this.#batch.failed();
      throw error;
    }
    this.#batch.learn(spellings.length, clock.elapsed() - startedMs - this.#startMs);
  }
}

function runsOf(steps: readonly Step[]): readonly Run[] {
  const runs: Run[] = [];
  for (const step of steps) {
    const command = step.verb === 'add' ? 'banip' : 'unbanip';
    const spelling = step.verb === 'add' ? step.entry.network : step.entry.spelling;
    const last = runs.at(-1);
    if (last?.command === command) last.spellings.push(spelling);
    else runs.push({ command, spellings: [spelling] });
  }
  return runs;
}

function isWide(spelling: string): boolean {
  return spelling.includes('/');
}

/** fail2ban's silence heals by itself: it starts again, or the next list finds out that the jail is gone. */
async function converted<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Fail2banError)) throw error;
    throw new EnforcerError('retry', error.message, { cause: error });
  }
}
