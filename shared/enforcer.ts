import type { Network } from './network.ts';

/** A network that a firewall should block. */
export interface DesiredEntry {
  readonly network: Network;
  /** Rises with each claim, so the newest ban has the highest. */
  readonly order: number;
  /** Milliseconds since the epoch; Infinity is permanent. For firewalls that can end an entry by themselves. */
  readonly endsAt: number;
  /** Who claims it, as `sshd web1`: names from the small alphabet of names.ts only. */
  readonly note: string;
  /** Whose newest claim it is: clients have turns at a firewall. */
  readonly client?: string;
}

/** A network that a firewall holds. */
export interface HeldEntry {
  readonly network: Network;
  /** The firewall's own spelling, which deleting needs. */
  readonly spelling: string;
  /** Ours are changed and removed; theirs count as present and are never touched. */
  readonly owner: 'ours' | 'theirs';
  /** What stands with it and says whose it is, as `f2nb:k3x9`, in a firewall that keeps such marks. Undefined: nothing of the kind. */
  readonly mark?: string;
  /** What the administrator wrote beside an entry of theirs. */
  readonly comment?: string;
  /** It takes its network out of wider entries, and blocks nothing. Only of theirs. */
  readonly isException?: true;
  /** Id of the ledger that it belongs to, as `k3x9`, when that is not looked after here. */
  readonly strayOf?: string;
  /** When the firewall ends it by itself, as `DesiredEntry` says it. Undefined: it does not. */
  readonly endsAt?: number;
}

/** Where a firewall keeps its entries among those of others. */
export interface SharedPlace {
  /** As `ipset blacklist`. */
  readonly name: string;
  /** The command by which the administrator takes an entry out, by its spelling. */
  readonly removalOf: (spelling: string) => string;
}

export type Step =
  | { readonly verb: 'add'; readonly entry: DesiredEntry }
  | { readonly verb: 'remove'; readonly entry: HeldEntry };

/**
 * Something that can block networks. It only lists and does as it is told: what should be blocked, in which order, and
 * what follows a failure is the reconciler's business. test/contracts/enforcer-contract.ts is what each must pass.
 */
export interface Enforcer {
  /** Unique among a program's enforcers, as `proxmox/main`. */
  readonly name: string;
  /** How many steps the next call of `apply` may carry; 1 where the firewall takes one at a time. */
  readonly stepsPerCall: number;
  /** When at least so many steps wait, the next call may carry all of them. Undefined: never. */
  readonly bulkFrom?: number;
  /** Whether the firewall ends entries by itself: then adding one that it holds gives it its new end. */
  readonly isTimed?: boolean;
  /** Undefined: all that it holds is ours. */
  readonly shared?: SharedPlace;
  /**
   * What the firewall holds now. Entries that are not networks are left out.
   *
   * @throws EnforcerError `retry` or `denied`
   */
  list(signal: AbortSignal): Promise<readonly HeldEntry[]>;
  /**
   * Carries out the steps in their order. Adding what is there and removing what is not succeed.
   * After an error nothing is known: the caller lists again.
   *
   * @throws EnforcerError `retry`, `denied`, or `rejected` when the firewall will never take one of these networks
   */
  apply(steps: readonly Step[], signal: AbortSignal): Promise<void>;
  /** Ends connections. */
  close(): Promise<void>;
}
