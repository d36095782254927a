import type { BanEvent } from '../../shared/frames.ts';
import { fitsGlob, handJail } from '../../shared/names.ts';
import type { Refusal } from '../../shared/refusal.ts';
import type { Client } from '../ledger/ledger.ts';

/** What the policy looks at of an event, or of the report that it would make. */
export type Attempt = Pick<BanEvent, 'verb' | 'network' | 'jail' | 'source'>;

/** A sentence that is longer is shortened: 500 refusals with names of 64 characters must fit into one frame. */
const detailMaxCharacters = 400;

/** Why this client may not do this, with what it may do and the command that changes that; undefined when it may. */
export function refuseWithoutPermission({ verb, jail, source }: Attempt, client: Client): Refusal | undefined {
  const needed = verb === 'lift' ? 'operate' : verb;
  if (!client.may.includes(needed)) {
    const may = `${client.name} may not ${verb}, only ${client.may.join(', ') || 'nothing'}`;
    return notPermitted(`${may}; ${howToAllow(client, '--may', [...client.may, needed])}`);
  }
  if (verb === 'lift' || (source === 'hand' && jail === handJail) || mayUse(client, jail)) return undefined;
  const may = `${client.name} may not use the jail ${jail}`;
  const inFull = `${may}, only ${client.jails.join(', ')}; ${howToAllow(client, '--jails', [...client.jails, jail])}`;
  const inShort = `${may}, only those of: client list; ${howToAllow(client, '--jails', ['…'])}`;
  return notPermitted(inFull.length > detailMaxCharacters ? inShort : inFull);
}

/** Whether one of the client's patterns fits the jail. */
export function mayUse({ jails }: Pick<Client, 'jails'>, jail: string): boolean {
  return jails.some((pattern) => fitsGlob(pattern, jail));
}

/** The command that gives a client what it lacks; `values` are all that it has then. */
export function howToAllow({ name }: Client, option: '--may' | '--jails', values: readonly string[]): string {
  return `to allow it, on the server: fail2networkban-server client set ${name} ${option} '${values.join(',')}'`;
}

function notPermitted(detail: string): Refusal {
  return { code: 'not-permitted', detail };
}
