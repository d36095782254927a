import { enumerate } from '../../shared/enumerate.ts';
import type { Said } from '../../shared/finding.ts';
import type { Supervisor } from '../../shared/host/supervisor.ts';
import { carryJail } from '../../shared/jail-name.ts';
import { sharedNames } from '../jails/jail-names.ts';
import type { WiredJail } from '../jails/jail-reader.ts';
import { noFail2banHere } from '../jails/no-jails.ts';
import { isOurAction } from '../jails.ts';
import { fail2banService } from '../services.ts';
import type { Fail2banFacts, JailFacts } from './read-fail2ban.ts';

/** The jails that hand their bans over. */
export function wiredJails(facts: Fail2banFacts): readonly JailFacts[] {
  return facts.kind !== 'running' ? [] : facts.jails.filter(({ actions }) => actions.some(isOurAction));
}

/** Whether fail2ban runs and hands its bans over. Peer jails are not to do so. */
export function judgeFail2ban(
  facts: Fail2banFacts,
  peerJails: readonly string[],
  supervisor: Supervisor,
): readonly Said[] {
  if (facts.kind === 'silent') return [silent(facts.reason, supervisor)];
  if (facts.kind === 'absent') return [notWanted, ...(facts.isSubscribed ? [] : [blocksNothing])];
  const wired = wiredJails(facts);
  if (wired.length === 0) return [notWired(facts.jails)];
  return [
    { level: 'good', code: 'jails-wired', fact: `it hands over the bans of: ${names(wired)}` },
    ...facts.jails.filter((jail) => !wired.includes(jail) && !peerJails.includes(jail.name)).map(bare),
    ...(facts.hiddenDatabase === undefined ? [] : [databaseHidden(facts.hiddenDatabase)]),
    ...wired.filter(isNotLast).map(notLast),
    ...wired.filter(({ name }) => isRewritten(name)).map(oddName),
    ...sharedNames(wired.map(toWired)).map((name) => sharedName(name, wired)),
    ...wired.filter(({ name }) => name === 'recidive').map(loop),
  ];
}

const notWanted: Said = { level: 'good', code: 'fail2ban-not-wanted', fact: noFail2banHere };

const blocksNothing: Said = {
  level: 'warning',
  code: 'blocks-nothing',
  fact: 'there is no fail2ban on this host and no subscription in client.ini',
  consequence: 'it bans by hand only, and blocks nothing that others ban',
  command: 'fail2networkban setup --nftables',
};

function silent(reason: string, supervisor: Supervisor): Said {
  return {
    level: 'broken',
    code: 'fail2ban-silent',
    fact: `it does not answer: ${reason}`,
    consequence: 'no bans are made here, and the jails cannot be compared with the servers',
    command: supervisor.start(fail2banService),
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

function databaseHidden(file: string): Said {
  return {
    level: 'note',
    code: 'fail2ban-database-hidden',
    fact: `its database ${file} cannot be read from here`,
    consequence: 'what it held before its last start and lifted with `unban --all` stays banned for an hour more',
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

/** A name that fail2ban or the shell makes another one of: a tag in it is replaced, a tab or a new line ends it. */
function isRewritten(name: string): boolean {
  return /<[^ <>]+>|\p{Cc}/u.test(name);
}

function oddName({ name }: JailFacts): Said {
  return {
    level: 'warning',
    code: 'jail-name-not-carried',
    fact: `the action cannot hand over the name of the jail ${JSON.stringify(name)}`,
    consequence: 'its bans reach the servers when the jails are compared, some minutes late',
    command: 'rename the jail',
  };
}

function toWired({ name, aliases = [] }: JailFacts): WiredJail {
  return { name, jail: carryJail(name), aliases };
}

function sharedName(name: string, wired: readonly JailFacts[]): Said {
  const named = wired.map(toWired).filter(({ jail, aliases }) => jail === name || aliases.includes(name));
  return {
    level: 'warning',
    code: 'action-name-shared',
    fact: `fail2networkban[name=${name}] stands for several jails: ${enumerate(named.map((each) => each.name))}`,
    consequence: 'which of them banned is known only when the jails are compared: unbans arrive some minutes late',
    command: `take name=${name} off the action fail2networkban, so that each jail hands over under its own name`,
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
