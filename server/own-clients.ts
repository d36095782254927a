import { operatorName } from '../shared/names.ts';
import type { Client } from './ledger/ledger.ts';

/** In the name of a client that nobody enrolls: no name of a host has one. */
const mark = '/';

/** Whoever administers the server over its local socket. */
export const operator = operatorName;
/** The client that escalation reports as. */
export const escalationName = 'escalation';

/** What the names of clients begin with that are CrowdSecs whose bans are taken over. */
const crowdsecPrefix = `crowdsec${mark}`;

/** The client as which a `[crowdsec NAME]` reports. */
export function crowdsecClient(name: string): string {
  return `${crowdsecPrefix}${name}`;
}

/** Whether a client is a CrowdSec whose bans are taken over, or was one. */
export function isCrowdsec(client: string): boolean {
  return client.startsWith(crowdsecPrefix);
}

/**
 * A client that is a part of this server, as `crowdsec/main`: its reports go through the same intake and the same policy as
 * a host's, and can be lifted like them.
 */
export function ownClient(name: string): Client {
  return { name, may: ['ban', 'unban'], jails: ['*'], follows: [], from: [], description: '', addedAt: 0, keys: [] };
}

/** Whether a name belongs to a part of this server; no host is enrolled by it. */
export function isOwnClient(name: string): boolean {
  return name === operator || name === escalationName || name.includes(mark);
}
