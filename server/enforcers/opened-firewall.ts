import type { Enforcer } from '../../shared/enforcer.ts';
import type { Report } from '../ledger/ledger.ts';
import type { ProtectedSource } from '../protection/protected-source.ts';
import type { ByteRoom } from './byte-room.ts';
import type { EnforcerLimits } from './limits.ts';

/** One thing that blocks, made from a section of the configuration. */
export interface OpenedFirewall {
  readonly enforcer: Enforcer;
  readonly limits: EnforcerLimits;
  /** Addresses that the firewall knows must not be banned. */
  readonly protectedSources: readonly ProtectedSource[];
  /** Which reports make a ban for it. Undefined: all. */
  readonly wants?: ((report: Report) => boolean) | undefined;
  /** The bytes that its entries take, where they stand in a file that has an end. Undefined: entries alone are counted. */
  readonly room?: ByteRoom;
  /** Takes what the firewall calls when it doubts what it was told, to be compared at once. */
  readonly onDoubt?: (relist: () => void) => void;
}
