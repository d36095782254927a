import { jailAlphabet, jailPattern } from '../../shared/names.ts';
import { isOurAction } from '../jails.ts';
import { type Finding, good } from './finding.ts';

/** A jail with the names of its actions, in the order in which they run. */
export interface JailFacts {
  readonly name: string;
  readonly actions: readonly string[];
}

export type Fail2banFacts =
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'running'; readonly jails: readonly JailFacts[] };

/** Whether fail2ban runs and hands its bans over. */
export function findInFail2ban(facts: Fail2banFacts): Finding[] {
  if (facts.kind === 'silent') return [silent(facts.reason)];
  const wired = facts.jails.filter(({ actions }) => actions.some(isOurAction));
  if (wired.length === 0) return [notWired(facts.jails)];
  return [
    good(`fail2ban hands over the bans of: ${names(wired)}`),
    ...facts.jails.filter((jail) => !wired.includes(jail)).map(bare),
    ...wired.filter(isNotLast).map(notLast),
    ...wired.filter(({ name }) => !jailPattern.test(name)).map(oddName),
    ...wired.filter(({ name }) => name === 'recidive').map(loop),
  ];
}

function silent(reason: string): Finding {
  return {
    level: 'broken',
    fact: `fail2ban does not answer: ${reason}`,
    consequence: 'no bans are made here, and the jails cannot be compared with the servers',
    command: 'systemctl status fail2ban',
  };
}

function notWired(jails: readonly JailFacts[]): Finding {
  return {
    level: 'broken',
    fact: `no jail has the action fail2networkban (jails: ${names(jails) || 'none'})`,
    consequence: 'no ban leaves this host',
    command: 'add `fail2networkban` as the last line of `action` in /etc/fail2ban/jail.d/, then fail2ban-client reload',
  };
}

function bare({ name }: JailFacts): Finding {
  return { level: 'note', fact: `jail ${name} does not have the action`, consequence: 'its bans stay on this host' };
}

function isNotLast({ actions }: JailFacts): boolean {
  const last = actions.at(-1);
  return last !== undefined && !isOurAction(last);
}

function notLast({ name, actions }: JailFacts): Finding {
  return {
    level: 'warning',
    fact: `jail ${name} runs ${actions.at(-1)} after fail2networkban`,
    consequence: 'the local firewall waits for the hand-over',
    command: `list fail2networkban last in \`action\` of [${name}]`,
  };
}

function oddName({ name }: JailFacts): Finding {
  return {
    level: 'broken',
    fact: `the jail name ${JSON.stringify(name)} is not allowed: ${jailAlphabet}`,
    consequence: 'its lines are set aside unread',
    command: 'rename the jail',
  };
}

function loop({ name }: JailFacts): Finding {
  return {
    level: 'warning',
    fact: `jail ${name} has the action`,
    consequence:
      "it reads fail2ban's own log: bans of other jails become its own and are sent a second time, for longer",
    command: `take fail2networkban off \`action\` of [${name}]`,
  };
}

function names(jails: readonly JailFacts[]): string {
  return jails.map(({ name }) => name).join(', ');
}
