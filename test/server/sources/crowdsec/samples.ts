import type { Decision } from '../../../../server/sources/crowdsec/read-decisions.ts';
import { network } from '../../samples.ts';

/** A decision as CrowdSec sends it, with what a test wants otherwise. */
export function rawDecision(id: number, value: string, rest: Readonly<Record<string, unknown>> = {}): object {
  const common = { duration: '1h0m0s', origin: 'cscli', scenario: 'crowdsecurity/ssh-bf', scope: 'Ip', type: 'ban' };
  return { id, value, ...common, ...rest };
}

/** The same as it is read. */
export function decision(id: number, value: string, rest: Partial<Omit<Decision, 'network' | 'id'>> = {}): Decision {
  return {
    id,
    network: network(value),
    origin: 'cscli',
    scenario: 'crowdsecurity/ssh-bf',
    remainingMs: 3_600_000,
    ...rest,
  };
}
