import { enumerate } from '../../shared/enumerate.ts';
import type { Said } from '../../shared/finding.ts';
import { jailAlphabet, jailPattern } from '../../shared/names.ts';
import { isOurAction } from '../jails.ts';
import type { Fail2banFacts, JailFacts } from './read-fail2ban.ts';

/** The jails that hand their bans over. */
export function wiredJails(facts: Fail2banFacts): readonly JailFacts[] {
  return facts.kind === 'silent' ? [] : facts.jails.filter(({ actions }) => actions.some(isOurAction));
}

/** Whether fail2ban runs and hands its bans over. Peer jails are not to do so. */
export function judgeFail2ban(facts: Fail2banFacts, peerJails: readonly string[]): readonly Said[] {
  if (facts.kind === 'silent') return [silent(facts.reason)];
  const wired = wiredJails(facts);
  if (wired.length === 0) return [notWired(facts.jails)];
  return [
    { level: 'good', code: 'jails-wired', fact: `it hands over the bans of: ${names(wired)}` },
    ...facts.jails.filter((jail) => !wired.includes(jail) && !peerJails.includes(jail.name)).map(bare),
    ...wired.filter(isNotLast).map(notLast),
    ...wired.filter(({ name }) => !jailPattern.test(name)).map(oddName),
    ...wired.filter(({ name }) => name === 'recidive').map(loop),
  ];
}

function silent(reason: string): Said {
  return {
    level: 'broken',
    code: 'fail2ban-silent',
    fact: `it does not answer: ${reason}`,
    consequence: 'no bans are made here, and the jails cannot be compared with the servers',
    command: 'systemctl status fail2ban',
  };
}

function notWired(jails: readonly JailFacts[]): Said {
  return {
    level: 'broken',
    code: 'no-jail-wired',
    fact: `no jail has the action fail2networkban (jails: ${names(jails) || 'none'})`,
    consequence: 'no ban leaves this host',
    command:
      'add `fail2networkban` as the last line of `action` in /etc/fail2ban/jail.d/ (an `action` in jail.local wins over it), then fail2ban-client reload --restart',
  };
}

function bare({ name }: JailFacts): Said {
  return {
    level: 'note',
    code: 'jail-not-wired',
    fact: `jail ${name} does not have the action`,
    consequence: 'its bans stay on this host',
  };
}

function isNotLast({ actions }: JailFacts): boolean {
  const last = actions.at(-1);
  return last !== undefined && !isOurAction(last);
}

function notLast({ name, actions }: JailFacts): Said {
  return {
    level: 'warning',
    code: 'action-not-last',
    fact: `jail ${name} runs ${actions.at(-1)} after fail2networkban`,
    consequence: 'the local firewall waits for the hand-over',
    command: `list fail2networkban last in \`action\` of [${name}]`,
  };
}

function oddName({ name }: JailFacts): Said {
  return {
    level: 'broken',
    code: 'jail-name-not-allowed',
    fact: `the jail name ${JSON.stringify(name)} is not allowed: ${jailAlphabet}`,
    consequence: 'its lines are set aside unread',
    command: 'rename the jail',
  };
}

function loop({ name }: JailFacts): Said {
  return {
    level: 'warning',
    code: 'bans-sent-twice',
    fact: `jail ${name} has the action`,
    consequence:
      "it reads fail2ban's own log: bans of other jails become its own and are sent a second time, for longer",
    command: `take fail2networkban off \`action\` of [${name}]`,
  };
}

function names(jails: readonly JailFacts[]): string {
  return enumerate(jails.map(({ name }) => name));
}
