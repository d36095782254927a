import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const actionFile = new URL('../../../client/fail2ban/action.d/fail2networkban.conf', import.meta.url);

/** What fail2ban knows of a ticket; times in seconds. */
export interface Ticket {
  readonly jail: string;
  readonly ip: string;
  readonly bantime: number;
  /** Of the failure, since the epoch. */
  readonly time: number;
}

/** The command that fail2ban would run: the text of the shipped action with its tags filled in. */
export function actionText(name: 'actionban' | 'actionunban' | 'actionprolong', ticket: Ticket, spool: string): string {
  const [, command] = new RegExp(`^${name} = (.+(?:\\n\\t.+)*)$`, 'm').exec(readFileSync(actionFile, 'utf8')) ?? [];
  if (command === undefined) throw new Error(`the action has no ${name}`);
  const tags: Readonly<Record<string, string | number>> = {
    name: ticket.jail,
    ip: ticket.ip,
    bantime: ticket.bantime,
    failures: 3,
    bancount: 1,
    time: ticket.time,
    labels: '',
    spool,
  };
  return command.replaceAll('%%', '%').replace(/<(\w+)>/g, (tag, word: string) => String(tags[word] ?? tag));
}

/** Hands bans or unbans over as a jail sshd with bans of an hour does. */
export async function handOver(
  name: 'actionban' | 'actionunban',
  addresses: readonly string[],
  spool: string,
): Promise<void> {
  const time = Math.floor(Date.now() / 1_000);
  const texts = addresses.map((ip) => actionText(name, { jail: 'sshd', ip, bantime: 3_600, time }, spool));
  await runAction(texts.join('\n'));
}

/** Runs a command as fail2ban does: by the shell, nothing on standard input. */
export async function runAction(command: string): Promise<void> {
  await run('/bin/sh', ['-c', command]);
}
