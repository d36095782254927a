import { describeError, EnforcerError } from '../../../shared/errors.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { unreadableAnswer } from '../answer-error.ts';

/** What could not be read, and why: named instead of guessed. */
export interface Unreadable {
  readonly unreadable: string;
}

export type Readable<Value> = Value | Unreadable;

export function isUnreadable(value: unknown): value is Unreadable {
  return isObject(value) && typeof value['unreadable'] === 'string';
}

/** What `read` returns, or why Proxmox did not let it. */
export async function readable<Value>(read: () => Promise<Value>): Promise<Readable<Value>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof EnforcerError)) throw error;
    return { unreadable: describeError(error) };
  }
}

/** @throws EnforcerError when Proxmox answered something else than a list of objects */
export function objectsOf(data: unknown, what: string): readonly Readonly<Record<string, unknown>>[] {
  const objects = Array.isArray(data) ? data.filter(isObject) : undefined;
  if (objects === undefined) throw unreadableAnswer(what, 'the answer is not a list');
  return objects;
}

/** @throws EnforcerError when Proxmox answered something else than an object */
export function objectOf(data: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(data)) throw unreadableAnswer(what, 'the answer is not an object');
  return data;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Proxmox writes booleans as 1 and 0. */
export function isSet(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value !== '0';
  return value === true || (typeof value === 'number' && value !== 0);
}
