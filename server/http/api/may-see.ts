import { fitsGlob } from '../../../shared/names.ts';
import type { Client, Report } from '../../ledger/ledger.ts';

/** Whether a client is shown a report: its own, those of jails that it follows, or all when it may operate. */
export function maySee({ name, may, follows }: Client, { client, jail }: Pick<Report, 'client' | 'jail'>): boolean {
  if (may.includes('operate') || client === name) return true;
  return may.includes('subscribe') && follows.some((pattern) => fitsGlob(pattern, jail));
}
