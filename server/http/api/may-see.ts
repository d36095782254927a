import { fitsGlob } from '../../../shared/names.ts';
import type { Client, Report, Viewer } from '../../ledger/ledger.ts';

/** Whether a client is shown a report: its own, those of jails that it follows, or all when it may operate. */
export function maySee({ name, may, follows }: Client, { client, jail }: Pick<Report, 'client' | 'jail'>): boolean {
  if (may.includes('operate') || client === name) return true;
  return may.includes('subscribe') && follows.some((pattern) => fitsGlob(pattern, jail));
}

/** The same for many reports: whether a jail fits is found out once. */
export function seeing(client: Client): (report: Pick<Report, 'client' | 'jail'>) => boolean {
  if (client.may.includes('operate')) return () => true;
  const jails = new Map<string, boolean>();
  return (report) => {
    if (report.client === client.name) return true;
    const known = jails.get(report.jail);
    if (known !== undefined) return known;
    const isSeen = maySee(client, report);
    jails.set(report.jail, isSeen);
    return isSeen;
  };
}

/** The same for history. @returns undefined for who is shown all of it */
export function viewerOf({ name, may, follows }: Client): Viewer | undefined {
  if (may.includes('operate')) return undefined;
  return { client: name, follows: may.includes('subscribe') ? follows : [] };
}
