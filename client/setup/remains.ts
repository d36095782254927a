import { readdir } from 'node:fs/promises';
import { isAbsent } from '../../shared/host/absent-file.ts';
import { formatCommand } from '../../shared/host/command-runner.ts';
import { readUnread } from '../unread.ts';
import type { Places } from './host.ts';

/** What is no part of setup's work and stays after it, with what removes it. */
export async function describeRemains({ spool, state }: Places): Promise<readonly string[]> {
  return [...(await describeSpool(spool)), ...(await describeState(state))];
}

async function describeSpool(spool: string): Promise<readonly string[]> {
  if ((await namesIn(spool)).length === 0) return [];
  const unread = await readUnread(spool, (name) => (name.startsWith('queue') ? 0 : undefined));
  const holds = unread === undefined ? 'notes of the agent' : `${unread.bytes} bytes that no agent has read`;
  return [`stays: ${spool}: ${holds}; to remove it: ${formatCommand(['rm', '-r', spool])}`];
}

async function describeState(state: string): Promise<readonly string[]> {
  const names = await namesIn(state);
  // The copies of files that stay are in it.
  const isNeeded = names.includes('setup');
  const commands = names.filter((name) => /^command-.*\.jsonl$/.test(name));
  return [
    ...commands.map((name) => `stays: what the command has blocked that ${state}/${name} names; only it can lift that`),
    ...(names.length === 0 || isNeeded
      ? []
      : [`stays: ${state}: events and notes of the agent; to remove it: ${formatCommand(['rm', '-r', state])}`]),
  ];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
