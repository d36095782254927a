import { join } from 'node:path';
import { describeError, EnforcerError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import { decodeLine, encodeLine } from '../outbox/checked-line.ts';

/** Whose something on this host is: what an agent marks what it makes with. */
export interface Owner {
  /** By chance, made with the agent's state. */
  readonly id: string;
  /** The folder of its state, for a person. */
  readonly place: string;
}

export const ownerIdPattern = /^[0-9a-f]{12}$/;

/**
 * The owner that a state folder stands for: read from its file, which is made where it is missing or damaged.
 *
 * @throws Error of the file system
 */
export async function readOwner(state: string, randomBytes: (count: number) => Buffer): Promise<Owner> {
  const path = join(state, 'owner');
  const text = (await readIfPresent(path)) ?? '';
  const id = decodeLine(text.trimEnd())?.['id'];
  if (typeof id === 'string' && ownerIdPattern.test(id)) return { id, place: state };
  const made = { id: randomBytes(6).toString('hex') };
  await replaceFile(path, encodeLine(made));
  return { ...made, place: state };
}

/** Who the owner is, where an enforcer needs it. @throws EnforcerError `retry`: a full disk passes */
export async function noteOwner(owner: () => Promise<Owner>): Promise<Owner> {
  try {
    return await owner();
  } catch (cause) {
    throw new EnforcerError('retry', `whose this is cannot be noted: ${describeError(cause)}`, { cause });
  }
}
