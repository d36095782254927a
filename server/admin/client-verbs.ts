import type { Clock } from '../../shared/clock.ts';
import { ArgumentError, type LocalVerb } from '../../shared/host/local-socket.ts';
import { quote } from '../../shared/refusal.ts';
import type { Clients } from '../clients.ts';
import type { ConnectedClients } from '../connected-clients.ts';
import type { Client } from '../ledger/ledger.ts';
import { isOwnClient } from '../own-clients.ts';
import { mayUse } from '../policy/permission.ts';
import { isFrom } from '../protection/known-hosts.ts';
import type { Protection } from '../protection/protection.ts';
import type { Entry, Record } from '../record.ts';
import type { StandingBans } from '../standing-bans.ts';
import { type Arguments, argument } from './arguments.ts';
import { readDescription, readFrom, readJails, readName, readPermissions } from './client-arguments.ts';
import { finite } from './describe-bans.ts';
import { handOver, makeKey, type Reach } from './make-key.ts';

export interface ClientVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly record: Record;
  readonly clients: Clients;
  readonly connected: ConnectedClients;
  readonly protection: Protection;
  readonly standing: StandingBans;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Buffer;
  readonly reach: () => Reach;
}

/** For how long the old key goes on after a rotation, seconds. */
const rotationOverlapSeconds = 86_400;
/** Keys of one client at once: the newest, and those before it whose overlap still goes on. */
const keysPerClientMax = 5;

/** `client-add`, `client-list`, `client-set`, `client-revoke`, `client-rotate`. */
export function clientVerbs(options: ClientVerbsOptions): [string, LocalVerb][] {
  return [
    ['client-add', (args) => addClient(options, args)],
    ['client-list', () => ({ clients: options.clients.list().map((client) => describe(options, client)) })],
    ['client-set', (args) => setClient(options, args)],
    ['client-revoke', (args) => revokeClient(options, args)],
    ['client-rotate', (args) => rotateKey(options, args)],
  ];
}

async function addClient({ actor, record, clients, clock, randomBytes, reach }: ClientVerbsOptions, args: Arguments) {
  const name = readName(args);
  if (isOwnClient(name)) throw new ArgumentError(`name: ${name} is the server's own word`);
  const isHttp = argument.flag(args, 'http');
  const made = makeKey(isHttp ? 'http' : 'frames', randomBytes);
  const client: Client = {
    name,
    may: readPermissions(args['may'], isHttp ? ['subscribe'] : undefined),
    jails: readJails('jails', args['jails']),
    follows: readJails('follows', args['follows']),
    description: readDescription(args),
    addedAt: clock.now(),
    from: readFrom(args['from']),
    keys: [made.key],
  };
  await decide(record, (draft) => {
    if (draft.clientAfter(name, clients.get(name)) !== undefined)
      return new ArgumentError(`name: ${name} is enrolled already; see client rotate`);
    draft.add({ kind: 'enrolled', client, actor });
    return client;
  });
  return { name, may: client.may, jails: client.jails, ...handOver(reach(), name, made) };
}

/** Changes only what is named. A connected host comes back with its new rights at once. */
async function setClient(options: ClientVerbsOptions, args: Arguments) {
  const rights = {
    ...(args['may'] === undefined ? {} : { may: readPermissions(args['may']) }),
    ...(args['jails'] === undefined ? {} : { jails: readJails('jails', args['jails']) }),
    ...(args['follows'] === undefined ? {} : { follows: readJails('follows', args['follows']) }),
    ...(args['from'] === undefined ? {} : { from: readFrom(args['from']) }),
    ...(args['description'] === undefined ? {} : { description: readDescription(args) }),
  };
  const client = await changeClient(options, readName(args), (before) => {
    if (Object.keys(rights).length === 0)
      return new ArgumentError('nothing to change: give --jails, --may, --follows, --from or --description');
    return { ...before, ...rights };
  });
  const { name, may, jails, follows, from, description } = client;
  return { name, may, jails, follows, from, description, leftOver: countLeftOver(options.standing, client) };
}

/** Standing reports of jails that the client may no longer use: it cannot withdraw them. */
function countLeftOver(standing: StandingBans, client: Client): number {
  const reports = standing.ofClient(client.name).filter(({ isLifted }) => !isLifted);
  return reports.filter(({ jail, source }) => source === 'jail' && !mayUse(client, jail)).length;
}

/** `overlap` of no time ends the old keys at once. */
async function rotateKey(options: ClientVerbsOptions, args: Arguments) {
  const { clock, randomBytes, reach } = options;
  const name = readName(args);
  const kind = options.clients.get(name)?.keys.some((key) => key.kind === 'http') ? 'http' : 'frames';
  const overlapSeconds = argument.duration(args, 'overlap', rotationOverlapSeconds);
  const made = makeKey(kind, randomBytes);
  const now = clock.now();
  const endsAt = now + overlapSeconds * 1_000;
  await changeClient(options, name, (client) => {
    const shortened = client.keys.map((old) => ({ ...old, endsAt: Math.min(old.endsAt, endsAt) }));
    const keys = [made.key, ...shortened.filter((old) => old.endsAt > now)];
    if (keys.length <= keysPerClientMax) return { ...client, keys };
    return new ArgumentError(`name: ${name} has ${keys.length - 1} keys that go on; --overlap 0s ends them at once`);
  });
  return { name, oldKeyEndsAt: endsAt, ...handOver(reach(), name, made) };
}

/** Its bans stay until they end, unless `liftBans` says that they were not to be trusted. */
async function revokeClient({ actor, record, clients, standing }: ClientVerbsOptions, args: Arguments) {
  const name = readName(args);
  const isLifting = argument.flag(args, 'liftBans');
  const lifted = await decide(record, (draft) => {
    if (draft.clientAfter(name, clients.get(name)) === undefined) return notEnrolled(clients, name);
    const count = draft.withdrawAll(isLifting ? standing.ofClient(name) : [], 'revoked', actor);
    draft.add({ kind: 'revoked', client: name, actor });
    return count;
  });
  return { name, lifted };
}

/** Changes a client as it is once all before in the same commit has come true. @throws ArgumentError */
function changeClient(
  { actor, record, clients }: ClientVerbsOptions,
  name: string,
  change: (before: Client) => Client | ArgumentError,
): Promise<Client> {
  return decide(record, (draft) => {
    const before = draft.clientAfter(name, clients.get(name));
    const client = before === undefined ? notEnrolled(clients, name) : change(before);
    if (!(client instanceof ArgumentError)) draft.add({ kind: 'enrolled', client, actor });
    return client;
  });
}

/** An entry must not throw, for others share its draft. @throws ArgumentError that the entry returns */
async function decide<Answer>(record: Record, entry: Entry<Answer | ArgumentError>): Promise<Answer> {
  const answer = await record.write(entry);
  if (answer instanceof ArgumentError) throw answer;
  return answer;
}

/** What an operator may see of a client: never a secret. */
function describe(options: ClientVerbsOptions, { keys, ...client }: Client) {
  const { connected, standing, clock } = options;
  const connections = connected.list().filter((each) => each.client === client.name);
  return {
    ...client,
    keys: keys
      .filter(({ endsAt }) => endsAt > clock.now())
      .map(({ id, kind, endsAt }) => ({ id, kind, endsAt: finite(endsAt) })),
    reports: standing.countOfClient(client.name),
    connections: connections.map(({ address, agent, since }) => ({ address, agent, since })),
    ...known(options, client),
    lastSeen: connections.length > 0 ? clock.now() : connected.lastSeen(client.name),
  };
}

/** Where it is protected, what its jails never ban, and where it was refused, unless it may come from there by now. */
function known({ connected, protection }: ClientVerbsOptions, { name, from }: Pick<Client, 'name' | 'from'>) {
  const last = connected.elsewhere(name);
  const elsewhere = last !== undefined && isFrom({ from }, last.address) ? undefined : last;
  const addresses = protection.hosts.of(name).map(({ address, seenAt }) => ({ address, seenAt }));
  const { networks, leftOut, isProtected } = protection.offers.of(name);
  const ignoreip = { networks, leftOut, protected: isProtected };
  return { addresses, ignoreip, ...(elsewhere === undefined ? {} : { elsewhere }) };
}

function notEnrolled(clients: Clients, name: string): ArgumentError {
  const known = clients.list().map((each) => each.name);
  return new ArgumentError(`name: ${quote(name)} is not enrolled; known are ${known.join(', ') || 'none'}`);
}
