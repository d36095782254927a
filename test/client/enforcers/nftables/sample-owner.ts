import type { Owner } from '../../../../client/enforcers/owner.ts';

/** Whose the tables of a test are. */
export function owner(): Promise<Owner> {
  return Promise.resolve({ id: '0123456789ab', place: '/var/lib/fail2networkban-agent' });
}
