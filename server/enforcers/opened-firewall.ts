import type { Enforcer } from '../../shared/enforcer.ts';
import type { Network } from '../../shared/network.ts';
import type { EnforcerLimits } from './limits.ts';

/** What one section of the configuration stands for. */
export interface OpenedFirewall {
  readonly enforcer: Enforcer;
  readonly limits: EnforcerLimits;
  /** Addresses that the firewall knows must not be banned. */
  readonly protectedSources: readonly ProtectedSource[];
}

export interface ProtectedSource {
  /** Why, as it stands in a refusal. */
  readonly reason: string;
  /** Undefined: they cannot be read now. */
  readonly read: (signal: AbortSignal) => Promise<readonly Network[] | undefined>;
}
