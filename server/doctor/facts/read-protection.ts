import { callLocalSocket } from '../../../shared/host/local-socket.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { type Fields, objects, texts } from './answer-fields.ts';

/** What the running server says of what must not be banned, and of what waits because of it. */
export interface ProtectionFacts {
  readonly sources: readonly ProtectedSourceFacts[];
  readonly heldBack: number;
  /** Bans of hosts' addresses, as many as the server names. */
  readonly hostBans: readonly HostBan[];
  readonly doubtful: readonly DoubtfulFacts[];
  readonly elsewhere: readonly ElsewhereFacts[];
  /** Of hosts that offer anything that a ban can be of. */
  readonly offers: readonly OfferFacts[];
}

/** What a host names in `ignoreip` of its jails. */
export interface OfferFacts {
  readonly client: string;
  readonly networks: readonly string[];
  readonly isProtected: boolean;
}

export interface ProtectedSourceFacts {
  /** `proxmox/main/management` */
  readonly name: string;
  readonly reason: string;
  readonly kind: string;
  readonly failure: { readonly reason: string; readonly forSeconds: number } | undefined;
}

export interface HostBan {
  readonly network: string;
  readonly detail: string;
  readonly hosts: readonly string[];
}

/** A host at an address whose ban is in force. */
export interface DoubtfulFacts {
  readonly client: string;
  readonly address: string;
  readonly ban: string;
  readonly isConnected: boolean;
}

/** A good key in the wrong place. */
export interface ElsewhereFacts {
  readonly client: string;
  readonly address: string;
  readonly atMs: number;
  readonly from: readonly string[];
}

/** Asks over the admin socket. @throws Error when the server does not answer any more */
export async function readProtection(socket: string): Promise<ProtectionFacts> {
  const status = await callLocalSocket(socket, 'status', {});
  const { clients } = await callLocalSocket(socket, 'client-list', {});
  const heldBack = isObject(status['heldBack']) ? status['heldBack'] : {};
  return {
    sources: objects(status['protectedSources']).map(readSource),
    heldBack: Number(heldBack['count'] ?? 0),
    hostBans: objects(heldBack['bans']).flatMap(readHostBan),
    doubtful: objects(status['doubtfulHosts']).map(readDoubtful),
    elsewhere: objects(clients).flatMap(readElsewhere),
    offers: objects(clients).flatMap(readOffer),
  };
}

function readSource({ name, reason, kind, failure }: Fields): ProtectedSourceFacts {
  const failing = isObject(failure)
    ? { reason: String(failure['reason']), forSeconds: Number(failure['forSeconds']) }
    : undefined;
  return { name: String(name), reason: String(reason), kind: String(kind), failure: failing };
}

function readHostBan({ network, code, detail, hosts }: Fields): readonly HostBan[] {
  return code === 'host' ? [{ network: String(network), detail: String(detail), hosts: texts(hosts) }] : [];
}

function readDoubtful({ client, address, ban, connected }: Fields): DoubtfulFacts {
  return { client: String(client), address: String(address), ban: String(ban), isConnected: connected === true };
}

function readElsewhere({ name, from, elsewhere }: Fields): readonly ElsewhereFacts[] {
  if (!isObject(elsewhere)) return [];
  const { address, at } = elsewhere;
  return [{ client: String(name), address: String(address), atMs: Number(at), from: texts(from) }];
}

function readOffer({ name, ignoreip }: Fields): readonly OfferFacts[] {
  const networks = isObject(ignoreip) ? texts(ignoreip['networks']) : [];
  if (!isObject(ignoreip) || networks.length === 0) return [];
  return [{ client: String(name), networks, isProtected: ignoreip['protected'] === true }];
}
