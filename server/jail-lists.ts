import { FrameError } from '../shared/field-reader.ts';
import type { JailFrame, SettledFrame } from '../shared/frames.ts';
import { digestOf } from '../shared/jail-digest.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import { isTemporary, type RefusalCode } from '../shared/refusal.ts';

/** What became of an entry that was not recorded before. `by-hand`: a person's ban stands there, which no list changes. */
export type EntryOutcome = 'recorded' | 'by-hand' | RefusalCode;

/** A full list as it comes in, part by part. */
export class JailList {
  readonly jail: string;
  readonly networks = new Set<Network>();
  readonly #refused = new Map<RefusalCode, number>();
  parts = 0;
  /** Networks of the jail's reports that the list did not name. */
  unlisted: readonly Network[] = [];
  /** Reports that an operator lifted and the list still names. */
  lifted = 0;
  #added = 0;
  #isSettled = true;

  constructor(jail: string) {
    this.jail = jail;
  }

  /** Whether the same list, sent again, would change nothing until the policy changes. */
  get isSettled(): boolean {
    return this.#isSettled && this.unlisted.length === 0;
  }

  /** Counts what became of one entry. */
  note(outcome: EntryOutcome): void {
    this.#isSettled &&= staysSo(outcome);
    if (outcome === 'recorded') this.#added += 1;
    else if (outcome !== 'by-hand') this.#refused.set(outcome, (this.#refused.get(outcome) ?? 0) + 1);
  }

  toFrame(): SettledFrame {
    const refused = Object.fromEntries(this.#refused);
    const { jail, lifted } = this;
    const unlisted = this.unlisted.slice(0, limits.unlistedMax);
    const settled = { type: 'settled', jail, added: this.#added, withdrawn: 0, unlisted, refused } as const;
    return lifted > 0 ? { ...settled, lifted } : settled;
  }
}

/** What other clients, other bans and the disk decide may be otherwise the next time. */
function staysSo(outcome: EntryOutcome): boolean {
  if (outcome === 'recorded') return true;
  return outcome !== 'by-hand' && outcome !== 'quota-exceeded' && outcome !== 'protected' && !isTemporary(outcome);
}

/**
 * The lists of one connection. Remembers what was settled: a list with a whitelisted network in it never equals the
 * record, and would otherwise be sent again at each comparison.
 */
export class JailLists {
  #open: JailList | undefined;
  readonly #settled = new Map<string, { readonly listed: string; readonly recorded: string }>();

  /** @throws FrameError when the parts do not follow each other */
  add({ jail, part, parts, entries }: JailFrame): JailList {
    if (part === 1) this.#open = new JailList(jail);
    const list = this.#open;
    if (list === undefined || list.jail !== jail || part !== list.parts + 1) {
      throw new FrameError('part', part, 'the part that follows');
    }
    list.parts = part;
    // The next list may begin before this one is written.
    if (part === parts) this.#open = undefined;
    for (const [network] of entries) list.networks.add(network);
    return list;
  }

  /** A list was taken in; `recorded` is the digest of what the record then says. */
  settle(list: JailList, recorded: string): void {
    this.#settled.delete(list.jail);
    if (!list.isSettled) return;
    if (this.#settled.size >= limits.jailsPerFrameMax) this.#settled.clear();
    this.#settled.set(list.jail, { listed: digestOf(list.networks), recorded });
  }

  /** Whether nothing is to be done about a jail whose list has this digest. */
  agrees(jail: string, listed: string, recorded: string): boolean {
    const settled = this.#settled.get(jail);
    return listed === recorded || (settled?.listed === listed && settled.recorded === recorded);
  }

  /** The policy changed: what was refused may be allowed now. */
  forget(): void {
    this.#settled.clear();
  }
}
