import { FrameError } from '../shared/field-reader.ts';
import type { JailFrame, SettledFrame } from '../shared/frames.ts';
import { digestOf } from '../shared/jail-digest.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import type { RefusalCode } from '../shared/refusal.ts';

/** A full list as it comes in, part by part. */
export class JailList {
  readonly jail: string;
  readonly networks = new Set<Network>();
  readonly #refused = new Map<RefusalCode, number>();
  parts = 0;
  added = 0;
  withdrawn = 0;

  constructor(jail: string) {
    this.jail = jail;
  }

  refuse(code: RefusalCode, count: number): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + count);
  }

  toFrame(): SettledFrame {
    const { jail, added, withdrawn } = this;
    return { type: 'settled', jail, added, withdrawn, refused: Object.fromEntries(this.#refused) };
  }
}

/**
 * The lists of one connection. Remembers what was settled: a list with a whitelisted network in it never equals the
 * record, and would otherwise be sent again at each comparison.
 */
export class JailLists {
  #open: JailList | undefined;
  readonly #settled = new Map<string, { readonly listed: string; readonly recorded: string }>();

  /** @throws FrameError when the parts do not follow each other */
  add({ jail, part, entries }: JailFrame): JailList {
    if (part === 1) this.#open = new JailList(jail);
    const list = this.#open;
    if (list === undefined || list.jail !== jail || part !== list.parts + 1) {
      throw new FrameError('part', part, 'the part that follows');
    }
    list.parts = part;
    for (const [network] of entries) list.networks.add(network);
    return list;
  }

  /** A list was taken in; what the record then said. */
  settle(list: JailList, recorded: string): void {
    this.#open = undefined;
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
