import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import { formatInstant } from '../../../shared/instant.ts';
import type { SharedRefusals } from '../../observability/shared-refusals.ts';

/** So many are no slip: the log of the host shows another address than the attacker's. */
const tellingMin = 3;

/** Hosts whose bans are again and again of what many share: a warning for each, with counts. */
export function judgeProxies(refusals: readonly SharedRefusals[]): readonly Said[] {
  return refusals
    .filter(({ count }) => count >= tellingMin)
    .map(({ client, count, since, networks, jails }) => ({
      level: 'warning',
      code: 'proxy-banned',
      fact: `${client} wanted ${count} bans since ${formatInstant(since)} UTC that were refused, as of ${enumerate(networks)}, by ${enumerate(jails)}`,
      consequence: `does the log of ${client} see its reverse proxy or CDN instead of the visitor? Then its attackers are not banned`,
      command: 'let the web server log the visitor (nginx: real_ip_header, Apache: mod_remoteip)',
    }));
}
