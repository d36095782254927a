import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import { formatInstant } from '../../../shared/instant.ts';
import type { NameFacts } from '../facts/read-running-server.ts';

/**
 * What each DNS name on the whitelist means.
 *
 * | means | last look | |
 * | --- | --- | --- |
 * | addresses | brought them | a note |
 * | addresses | brought nothing | a warning: they are the last known |
 * | nothing | any | a warning: the entry protects nothing |
 * | nothing | none was ever answered | nothing: bans wait for it, as for any source; see judge-protection.ts |
 */
export function judgeNames(names: readonly NameFacts[]): readonly Said[] {
  const answered = names.filter(({ isAnswered }) => isAnswered);
  return answered.map((facts) => {
    if (facts.networks.length === 0) return unresolved(facts);
    return facts.trouble === undefined ? known(facts) : remembered(facts);
  });
}

function known(facts: NameFacts): Said {
  return { level: 'note', code: 'whitelisted-name', fact: meaningOf(facts), consequence: 'these are never banned' };
}

function remembered(facts: NameFacts): Said {
  return {
    level: 'warning',
    code: 'whitelisted-name-unanswered',
    fact: `${meaningOf(facts)}; ${facts.trouble}`,
    consequence:
      'that counts on for seven days without an answer, for an hour when DNS says that there is no such name',
    command: `getent ahosts ${facts.name}`,
  };
}

function unresolved({ name, since, trouble, nextLookAt }: NameFacts): Said {
  const fact = since === undefined ? `${name} never had an address` : `${name} has no address any more`;
  return {
    level: 'warning',
    code: 'whitelisted-name-unresolved',
    fact: `${fact} (${trouble ?? 'it was not looked up yet'}); next look ${when(nextLookAt)}`,
    consequence: 'this entry protects nothing',
    command: `fail2networkban-server allow remove ${name}, or mend the name`,
  };
}

function meaningOf({ name, networks, since, nextLookAt }: NameFacts): string {
  return `${name} is ${enumerate(networks)} since ${when(since)}, next look ${when(nextLookAt)}`;
}

function when(at: number | undefined): string {
  return at === undefined ? 'soon' : `${formatInstant(at)} UTC`;
}
