import type { Enforcer } from '../../shared/enforcer.ts';
import type { Network } from '../../shared/network.ts';
import type { Report } from '../ledger/ledger.ts';
import type { EnforcerLimits } from './limits.ts';

/** One thing that blocks, made from a section of the configuration. */
export interface OpenedFirewall {
  readonly enforcer: Enforcer;
  readonly limits: EnforcerLimits;
  /** Addresses that the firewall knows must not be banned. */
  readonly protectedSources: readonly ProtectedSource[];
  /** Which reports make a ban for it. Undefined: all. */
  readonly wants?: ((report: Report) => boolean) | undefined;
  /** Takes what the firewall calls when it doubts what it was told, to be compared at once. */
  readonly onDoubt?: (relist: () => void) => void;
}

export interface ProtectedSource {
  /** Why, as it stands in a refusal. */
  readonly reason: string;
  /** Undefined: they cannot be read now. */
  readonly read: (signal: AbortSignal) => Promise<readonly Network[] | undefined>;
  /**
   * What belongs to the answer that `read` gave last, and whose meaning could not be found: a clause each, as `laptop (no such
   * alias)`. As long as there is any, not all is known that must not be banned. Absent: it always knows all.
   */
  readonly unknown?: () => readonly string[];
}
