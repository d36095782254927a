import { enumerate } from '../../shared/enumerate.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { fitsGlob, plainJailPattern } from '../../shared/names.ts';
import type { JailFacts } from '../doctor/read-fail2ban.ts';
import { actionName, isOurAction } from '../jails.ts';
import type { UnwirableJail } from './probe-jails.ts';

export interface JailPlan {
  /** The jails of our file, those of an earlier setup among them. */
  readonly listed: readonly string[];
  /** Those that run without the action: a plain reload would not give it to them. */
  readonly toRestart: readonly JailFacts[];
  /** What is left as it is, and why. */
  readonly kept: readonly string[];
}

/**
 * Which jails are to hand over.
 *
 * @param patterns as `sshd` and `nginx-*`
 * @param before those that our file lists already
 * @throws SetupError when a pattern fits no jail that runs
 */
export function planJails(
  jails: readonly JailFacts[],
  patterns: readonly string[],
  before: readonly string[],
): JailPlan {
  const able = jails.filter(({ name }) => whyNot(name) === undefined);
  for (const pattern of patterns) {
    if (able.some(({ name }) => fitsGlob(pattern, name))) continue;
    const names = enumerate(able.map(({ name }) => name));
    throw new SetupError(
      `no jail that could hand over fits ${JSON.stringify(pattern)}; those that run: ${names || 'none'}`,
    );
  }
  const fitting = able.filter(({ name }) => patterns.some((pattern) => fitsGlob(pattern, name)));
  const elsewhere = fitting.filter((jail) => isWired(jail) && !before.includes(jail.name));
  const added = fitting.filter((jail) => !elsewhere.includes(jail)).map(({ name }) => name);
  const listed = [...new Set([...before, ...added])].sort();
  return {
    listed,
    toRestart: jails.filter((jail) => listed.includes(jail.name) && !isWired(jail)),
    kept: [
      ...elsewhere.map(({ name }) => `jail ${name}, which hands over already`),
      ...jails.flatMap(({ name }) => whyNot(name) ?? []),
    ],
  };
}

/** The same plan without the jails that fail2ban does not take with our file, and what a person can do for each. */
export function leaveOut(plan: JailPlan, unwirable: readonly UnwirableJail[], action: string): JailPlan {
  const isLeft = (name: string): boolean => unwirable.some((each) => each.name === name);
  const why = ({ name, reason }: UnwirableJail): string =>
    `jail ${name} as it is, which setup's file does not reach: ${reason}; to have it hand over, add to its actions in its own file the line\n` +
    `             ${action}\n      and then: fail2ban-client reload --restart ${name}`;
  return {
    listed: plan.listed.filter((name) => !isLeft(name)),
    toRestart: plan.toRestart.filter(({ name }) => !isLeft(name)),
    kept: [...plan.kept, ...unwirable.map(why)],
  };
}

/** Says what a jail lacks after fail2ban took the files; undefined: nothing. */
export function findLoss(before: JailFacts, after: JailFacts): string | undefined {
  const lost = before.actions.filter((action) => !after.actions.includes(action));
  if (lost.length > 0) return `jail ${before.name} would lose its own actions: ${enumerate(lost)}`;
  if (isWired(after)) return undefined;
  return `jail ${before.name} does not take the action ${actionName}: another file sets its actions after setup's`;
}

/** Our file in jail.d. `known/` is what the files before it said, of the jail or of [DEFAULT]. */
export function formatJailFile(jails: readonly string[], action: string): string {
  const sections = jails.map((jail) => `[${jail}]\naction = %(known/action)s\n         ${action}\n`);
  return `${opening}\n${sections.join('\n')}`;
}

/** The jails that such a file lists. */
export function parseJailFile(text: string): readonly string[] {
  return [...text.matchAll(/^\[([^\]]+)\]$/gm)].map(([, name = '']) => name);
}

const opening = `# Written by \`fail2networkban setup\`, which adds jails here, and removes the file with --undo.
# Each jail keeps its own actions, and hands its bans over after them.
`;

function isWired({ actions }: JailFacts): boolean {
  return actions.some(isOurAction);
}

/** Why a jail never hands over. */
function whyNot(name: string): string | undefined {
  if (!plainJailPattern.test(name)) return `jail ${JSON.stringify(name)}, whose name the server does not take`;
  if (name === 'recidive') return 'jail recidive, which would send the bans of other jails a second time';
  return name.endsWith('-peers') ? `jail ${name}, which holds the bans of other hosts` : undefined;
}
