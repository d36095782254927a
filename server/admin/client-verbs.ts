import type { Clock } from '../../shared/clock.ts';
import { formatEnrolment } from '../../shared/enrolment.ts';
import { type Permission, permissions } from '../../shared/frames.ts';
import { ArgumentError, type LocalVerb } from '../../shared/host/local-socket.ts';
import { clientAlphabet, clientPattern } from '../../shared/names.ts';
import { quote } from '../../shared/refusal.ts';
import { secretBytes } from '../../shared/signing.ts';
import type { Clients } from '../clients.ts';
import type { ConnectedClients } from '../connected-clients.ts';
import type { Client, ClientKey } from '../ledger/ledger.ts';
import { mayUse } from '../policy/permission.ts';
import type { Record } from '../record.ts';
import type { StandingBans } from '../standing-bans.ts';
import { type Arguments, argument } from './arguments.ts';
import { finite } from './describe-bans.ts';

/** How a host reaches this server and knows it. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  readonly pin?: string;
  readonly plaintext?: boolean;
}

export interface ClientVerbsOptions {
  readonly record: Record;
  readonly clients: Clients;
  readonly connected: ConnectedClients;
  readonly standing: StandingBans;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Buffer;
  readonly reach: () => Reach;
}

const actor = 'operator';
/** For how long the old key goes on after a rotation, seconds. */
const rotationOverlapSeconds = 86_400;
const globPattern = /^[A-Za-z0-9*][A-Za-z0-9._@+*-]{0,63}$/;

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

async function addClient({ record, clients, clock, randomBytes, reach }: ClientVerbsOptions, args: Arguments) {
  const name = argument.text(args, 'name', clientPattern, clientAlphabet);
  if (name === actor) throw new ArgumentError(`name: ${name} is the server's own word for whoever administers it`);
  const client: Client = {
    name,
    may: readPermissions(args['may']),
    jails: readJails(args['jails']),
    description: readDescription(args),
    addedAt: clock.now(),
    keys: [makeKey(randomBytes)],
  };
  if (clients.get(name) !== undefined) throw new ArgumentError(`name: ${name} is enrolled already; see client rotate`);
  await record.write((draft) => draft.changes.push({ kind: 'enrolled', client, actor }));
  return { name, may: client.may, jails: client.jails, enrolment: enrolmentLine(reach(), name, client.keys[0]) };
}

/** Changes only what is named. A connected host comes back with its new rights at once. */
async function setClient({ record, clients, standing }: ClientVerbsOptions, args: Arguments) {
  const before = knownClient(clients, args);
  const named = ['may', 'jails', 'description'].filter((name) => args[name] !== undefined);
  if (named.length === 0) throw new ArgumentError('nothing to change: give --jails, --may or --description');
  const client: Client = {
    ...before,
    ...(args['may'] === undefined ? {} : { may: readPermissions(args['may']) }),
    ...(args['jails'] === undefined ? {} : { jails: readJails(args['jails']) }),
    ...(args['description'] === undefined ? {} : { description: readDescription(args) }),
  };
  await record.write((draft) => draft.changes.push({ kind: 'enrolled', client, actor }));
  const { name, may, jails, description } = client;
  return { name, may, jails, description, leftOver: countLeftOver(standing, client) };
}

/** Standing reports of jails that the client may no longer use: it cannot withdraw them. */
function countLeftOver(standing: StandingBans, client: Client): number {
  const reports = standing.ofClient(client.name).filter(({ isLifted }) => !isLifted);
  return reports.filter(({ jail, source }) => source === 'jail' && !mayUse(client, jail)).length;
}

async function rotateKey({ record, clients, clock, randomBytes, reach }: ClientVerbsOptions, args: Arguments) {
  const client = knownClient(clients, args);
  const overlapSeconds = argument.duration(args, 'overlap', rotationOverlapSeconds);
  const key = makeKey(randomBytes);
  const endsAt = clock.now() + overlapSeconds * 1_000;
  const live = client.keys.filter((old) => old.endsAt > clock.now());
  const keys = [key, ...live.map((old) => ({ ...old, endsAt: Math.min(old.endsAt, endsAt) }))];
  await record.write((draft) => draft.changes.push({ kind: 'enrolled', client: { ...client, keys }, actor }));
  return { name: client.name, oldKeyEndsAt: endsAt, enrolment: enrolmentLine(reach(), client.name, key) };
}

/** Its bans stay until they end, unless `liftBans` says that they were not to be trusted. */
async function revokeClient({ record, clients, standing }: ClientVerbsOptions, args: Arguments) {
  const { name } = knownClient(clients, args);
  const isLifting = argument.flag(args, 'liftBans');
  const lifted = await record.write((draft) => {
    const reports = isLifting ? standing.ofClient(name) : [];
    const own = reports.filter((report) => draft.reportsOf(report.network).includes(report));
    for (const report of own) draft.withdraw(report, 'revoked', actor);
    draft.changes.push({ kind: 'revoked', client: name, actor });
    return own.length;
  });
  return { name, lifted };
}

/** What an operator may see of a client: never a secret. */
function describe({ connected, standing, clock }: ClientVerbsOptions, { keys, ...client }: Client) {
  const connections = connected.list().filter((each) => each.client === client.name);
  return {
    ...client,
    keys: keys.filter(({ endsAt }) => endsAt > clock.now()).map(({ id, endsAt }) => ({ id, endsAt: finite(endsAt) })),
    reports: standing.countOfClient(client.name),
    connections: connections.map(({ address, agent, since }) => ({ address, agent, since })),
    lastSeen: connections.length > 0 ? clock.now() : connected.lastSeen(client.name),
  };
}

function knownClient(clients: Clients, args: Arguments): Client {
  const name = argument.text(args, 'name', clientPattern, clientAlphabet);
  const client = clients.get(name);
  if (client !== undefined) return client;
  const known = clients.list().map((each) => each.name);
  throw new ArgumentError(`name: ${quote(name)} is not enrolled; known are ${known.join(', ') || 'none'}`);
}

function makeKey(randomBytes: (count: number) => Buffer): ClientKey {
  return {
    id: randomBytes(6).toString('base64url'),
    secret: randomBytes(secretBytes).toString('base64url'),
    endsAt: Number.POSITIVE_INFINITY,
  };
}

function enrolmentLine(reach: Reach, client: string, key: ClientKey | undefined): string {
  return formatEnrolment({ ...reach, client, key: `${key?.id}.${key?.secret}` });
}

function readDescription(args: Arguments): string {
  return argument.text(
    { description: '', ...args },
    'description',
    /^[^\p{Cc}]{0,200}$/u,
    'up to 200 characters, no control characters',
  );
}

function readPermissions(value: unknown): readonly Permission[] {
  if (value === undefined) return ['ban', 'unban'];
  const words = typeof value === 'string' ? value.split(',') : [];
  const may = permissions.filter((permission) => words.includes(permission));
  if (may.length === words.length && may.length > 0) return may;
  throw new ArgumentError(`may: ${quote(value)}: allowed are ${permissions.join(', ')}, separated by commas`);
}

function readJails(value: unknown): readonly string[] {
  if (value === undefined) return ['*'];
  const jails = typeof value === 'string' ? value.split(',') : [];
  if (jails.length > 0 && jails.length <= 100 && jails.every((jail) => globPattern.test(jail))) return jails;
  throw new ArgumentError(
    `jails: ${quote(value)}: allowed are up to 100 jail names or patterns as nginx-*, separated by commas`,
  );
}
