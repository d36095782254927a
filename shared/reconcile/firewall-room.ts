import type { DesiredEntry } from '../enforcer.ts';

/** The room of a firewall that comes to an end. */
export interface FirewallRoom {
  /** Whether an addition must wait for a removal. */
  readonly isFull: boolean;
  /** Whether there is room for all of these before anything is removed. */
  readonly fits: (additions: readonly DesiredEntry[]) => boolean;
}
