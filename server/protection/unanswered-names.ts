import type { NameMeaning } from '../../shared/dns/known-names.ts';
import { nameSource } from '../ledger/ledger.ts';
import type { SourceState } from './protected-sources.ts';

/**
 * Names on the whitelist of which DNS never said anything, as the sources that they are: bans wait for them. That a name has no
 * address is an answer.
 */
export function unansweredSources(names: readonly NameMeaning[]): readonly SourceState[] {
  return names.map(({ name, trouble, failingSinceMs: sinceMs }) => ({
    name: nameSource(name),
    reason: `whitelisted as ${name}`,
    kind: 'unread',
    networks: 0,
    failure: trouble === undefined || sinceMs === undefined ? undefined : { reason: trouble, sinceMs },
  }));
}
