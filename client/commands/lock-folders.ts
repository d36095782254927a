import { constants, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { callLocalSocket, type LocalVerb, serveLocalSocket } from '../../shared/host/local-socket.ts';
import { socketPathMaxBytes } from '../../shared/host/socket-path.ts';
import type { AgentSettings } from '../agent-settings.ts';
import { makeSpool } from '../spool.ts';
import { textOf } from './answers.ts';

/** Another agent uses the folder; it may end. */
export class FolderInUseError extends Error {
  readonly code = 'folder-in-use';
  readonly isPassing = true;
}

/**
 * Keeps other agents of this host off the folders of this one, whichever configuration they have: two would take events from
 * each other's queue, or number in each other's journal. The lock is a Unix socket in each folder, which says whose it is and
 * ends with the process, however that ends.
 *
 * @returns lets them go
 * @throws FolderInUseError that names the folder and the other agent
 */
export async function lockFolders({ state, spool }: AgentSettings, config: string): Promise<() => Promise<void>> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  await makeSpool(spool);
  const unlockState = await lock('state', state, config);
  try {
    const unlockSpool = await lock('spool', spool, config);
    return async () => {
      await unlockSpool();
      await unlockState();
    };
  } catch (error) {
    await unlockState();
    throw error;
  }
}

async function lock(key: string, folder: string, config: string): Promise<() => Promise<void>> {
  const opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const unlock = await serveLock(key, { folder, path: lockPath(folder, opened.fd) }, config);
    return async () => {
      await unlock();
      await opened.close();
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Folders may have longer paths than sockets; through its descriptor a folder's path is short (proc(5)), and the socket in it the same. */
function lockPath(folder: string, descriptor: number): string {
  const path = join(folder, 'agent.lock');
  return Buffer.byteLength(path) <= socketPathMaxBytes ? path : `/proc/self/fd/${descriptor}/agent.lock`;
}

interface LockPlace {
  readonly folder: string;
  readonly path: string;
}

async function serveLock(key: string, { folder, path }: LockPlace, config: string): Promise<() => Promise<void>> {
  const verbs = new Map<string, LocalVerb>([['owner', () => ({ config })]]);
  try {
    return await serveLocalSocket(path, verbs);
  } catch (cause) {
    const owner = await ownerOf(path);
    if (owner === undefined) throw cause;
    throw new FolderInUseError(
      `${folder} is used by another agent, that of ${owner}: give each its own [agent] ${key}`,
      {
        cause,
      },
    );
  }
}

/** The configuration of the agent that has the lock; undefined when none answers. */
async function ownerOf(path: string): Promise<string | undefined> {
  try {
    return textOf((await callLocalSocket(path, 'owner', {}))['config']);
  } catch {
    return undefined;
  }
}
