import { createHash } from 'node:crypto';
import type { Client } from '../ledger/ledger.ts';

/**
 * The ETag (RFC 9110 §8.8.3) of an answer that is made of a state: another state, another client, other rights of the client
 * or another url give another tag, so that nobody is told that what he once saw is still what he may see.
 */
export function entityTagOf(state: string, { name, may, follows }: Client, url: string): string {
  const made = JSON.stringify([state, name, may, follows, url]);
  return `"${createHash('sha256').update(made).digest('base64url').slice(0, 22)}"`;
}

/** Whether the asker has it already (RFC 9110 §13.1.2), by the weak comparison. */
export function fitsTag(asked: string | undefined, tag: string): boolean {
  if (asked === undefined) return false;
  return asked.split(',').some((each) => {
    const known = each.trim();
    return known === '*' || known.replace(/^W\//, '') === tag.replace(/^W\//, '');
  });
}
