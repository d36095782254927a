import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import type { OfferFacts } from '../facts/read-protection.ts';

/** What hosts name in `ignoreip`: a note of those that are protected by it, and one of those that are not. */
export function judgeOffers(offers: readonly OfferFacts[]): readonly Said[] {
  const say = (isProtected: boolean, said: Said): readonly Said[] => {
    const named = offers.filter((offer) => offer.isProtected === isProtected).map(describe);
    return named.length === 0 ? [] : [{ ...said, fact: `${said.fact}: ${enumerate(named)}` }];
  };
  return [...say(true, trusted), ...say(false, offered)];
}

const trusted: Said = {
  level: 'note',
  code: 'ignoreip-trusted',
  fact: 'protected because hosts name it in ignoreip',
  consequence: 'no ban of it is in force anywhere; a host that was taken over shields whom it likes',
  command: 'not wanted: [policy] trust_ignoreip = no in server.ini, then fail2networkban-server reload',
};

const offered: Said = {
  level: 'note',
  code: 'ignoreip-offered',
  fact: 'hosts name in ignoreip what they never ban themselves',
  consequence: 'a ban of it by another host is in force there too',
  command:
    'what is yours: fail2networkban-server allow add NETWORK; to trust all hosts: [policy] trust_ignoreip = yes in server.ini',
};

function describe({ client, networks }: OfferFacts): string {
  return `${client} (${enumerate(networks)})`;
}
