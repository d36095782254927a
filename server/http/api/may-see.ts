import { fitsGlob } from '../../../shared/names.ts';
import type { Client, Report, Viewer } from '../../ledger/ledger.ts';
import { remembered } from '../../remembered.ts';

/** Whether a client is shown a report: its own, those of jails that it follows, or all when it may operate. */
export function maySee(who: Client, { client, jail }: Pick<Report, 'client' | 'jail'>): boolean {
  return who.may.includes('operate') || client === who.name || follows(who, jail);
}

function follows({ may, follows: patterns }: Client, jail: string): boolean {
  return may.includes('subscribe') && patterns.some((pattern) => fitsGlob(pattern, jail));
}

/** The same for many reports: whether a jail fits is found out once. */
export function seeing(client: Client): (report: Pick<Report, 'client' | 'jail'>) => boolean {
  if (client.may.includes('operate')) return () => true;
  const isFollowed = remembered((jail: string) => follows(client, jail));
  return (report) => report.client === client.name || isFollowed(report.jail);
}

/** The same for history. @returns undefined for who is shown all of it */
export function viewerOf({ name, may, follows }: Client): Viewer | undefined {
  if (may.includes('operate')) return undefined;
  return { client: name, follows: may.includes('subscribe') ? follows : [] };
}
