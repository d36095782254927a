import type { Network } from '../../shared/network.ts';

/** Something that says which networks must not be banned. */
export interface ProtectedSource {
  /** As `status`, the ledger and `[policy] without_sources` call it: `proxmox/main/management`. */
  readonly name: string;
  /** Why, as it stands in a refusal: `in the management ipset of proxmox/main`. */
  readonly reason: string;
  /** Nothing waits for its first answer: it is a guess of ours, which may have none. */
  readonly isGuess?: true;
  /**
   * @returns undefined when there is nothing of the kind: an answer, but no reason to forget what there was
   * @throws Error that says why they cannot be read now
   */
  readonly read: (signal: AbortSignal) => Promise<readonly Network[] | undefined>;
  /**
   * What belongs to the answer that `read` gave last, and whose meaning could not be found: a clause each, as `laptop (no such
   * alias)`. As long as there is any, not all is known that must not be banned. Absent: it always knows all.
   */
  readonly unknown?: () => readonly string[];
}
