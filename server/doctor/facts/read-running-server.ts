import { describeError } from '../../../shared/errors.ts';
import type { RunCommand } from '../../../shared/host/command-runner.ts';
import { callLocalSocket, NotAnsweringError, NotRunningError } from '../../../shared/host/local-socket.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { StrayEntries } from '../../enforcers/ownership/stray-entries.ts';
import { type LossSubject, lossSubjects } from '../../ledger/ledger.ts';
import type { SharedRefusals } from '../../observability/shared-refusals.ts';
import { type Fields, networks, objects, texts } from './answer-fields.ts';
import { type Holder, readHolder } from './read-holder.ts';

/** What the running server says of itself. */
export type ServerFacts =
  | { readonly kind: 'not-running' }
  /** It may run, but we may not ask it. */
  | { readonly kind: 'silent'; readonly reason: string }
  /** It runs, and hears nobody. */
  | { readonly kind: 'not-answering'; readonly holder: Holder | undefined }
  | RunningServer;

export interface RunningServer {
  readonly kind: 'running';
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Ids in the marks of what its ledger keeps in firewalls, its own first; none when the server is of an older version. */
  readonly marks: readonly string[];
  readonly isPaused: boolean;
  /** Why the last write of the record failed; undefined: it did not. */
  readonly recordFailure: Failure | undefined;
  /** Undefined: the clock of the host is believed. */
  readonly disputedClock: DisputedClock | undefined;
  /** Decisions of the operator that hold in memory alone; undefined: the ledger has all. */
  readonly unwritten: UnwrittenDecisions | undefined;
  /** What the ledger has lost, one sentence each. */
  readonly losses: readonly LossFacts[];
  readonly firewalls: readonly FirewallState[];
  readonly sources: readonly SourceFacts[];
  /** Channels of notifications that fail. */
  readonly untold: readonly ChannelFailure[];
  readonly clients: readonly ClientState[];
  readonly whitelist: readonly Network[];
  /** DNS names on it. */
  readonly whitelistNames: readonly NameFacts[];
  /** Bans that hosts wanted of what many share. */
  readonly sharedRefusals: readonly SharedRefusals[];
  readonly bans: readonly Network[];
}

export interface DisputedClock {
  /** Milliseconds since the epoch: of the host, and what the server takes for the time. */
  readonly hostAt: number;
  readonly trustedAt: number;
  readonly forSeconds: number;
  /** Undefined: only when the operator says so. */
  readonly believedInSeconds: number | undefined;
}

export interface UnwrittenDecisions {
  readonly count: number;
  readonly reason: string;
  /** The file that keeps them over a restart; undefined: none could be written. */
  readonly keptIn: string | undefined;
}

/** Something that fails again and again. */
export interface Failure {
  /** What the last try ended with. */
  readonly reason: string;
  readonly forSeconds: number;
}

export interface DeniableFailure extends Failure {
  /** Whether the operator must act; otherwise it may heal by itself. */
  readonly isDenied: boolean;
}

/** How a firewall and the ledger stand to each other. */
export interface FirewallState {
  /** `proxmox/main` */
  readonly name: string;
  /** While it fails. */
  readonly failure: DeniableFailure | undefined;
  /** Bans for which there was no room. */
  readonly leftOut: number;
  /** What there was no room of, when bans are left out. */
  readonly shortOf: 'entries' | 'bytes';
  /** Bans that it does not block though it answers. */
  readonly refused: number;
  readonly firstRefused: readonly RefusedNetworkText[];
  /** Networks that it still blocks though it should not. */
  readonly unremoved: number;
  readonly firstUnremoved: readonly RefusedNetworkText[];
  /** What stands in it and is looked after by nobody here. */
  readonly strays: readonly StrayFacts[];
}

/** One of them, as the server says it. */
export interface RefusedNetworkText {
  readonly network: string;
  readonly reason: string;
}

export interface StrayFacts extends Omit<StrayEntries, 'entries'> {
  readonly entries: number;
}

/** How a program stands whose bans are taken over. */
export interface SourceFacts {
  /** `crowdsec/main` */
  readonly name: string;
  /** While it fails. */
  readonly failure: DeniableFailure | undefined;
  /** Networks beyond `most`. */
  readonly leftOut: number;
  /** Decisions that could not be read. */
  readonly malformed: number;
}

/** A DNS name on the whitelist. Instants are milliseconds since the epoch. */
export interface NameFacts {
  readonly name: string;
  /** Whether DNS ever said what it means, be it nothing. */
  readonly isAnswered: boolean;
  readonly networks: readonly Network[];
  readonly since: number | undefined;
  readonly nextLookAt: number | undefined;
  readonly trouble: string | undefined;
}

/** What the ledger has lost. */
export interface LossFacts {
  readonly about: LossSubject;
  readonly text: string;
  /** New bans wait until it is accepted. */
  readonly holdsBack: boolean;
}

export interface ChannelFailure extends Failure {
  /** `webhook/chat` */
  readonly name: string;
}

export interface ClientState {
  readonly name: string;
  /** Milliseconds since the epoch; undefined: not since the server started. */
  readonly lastSeenMs: number | undefined;
  readonly addedAtMs: number;
  /** It asks by HTTP; else it is a host. */
  readonly hasToken: boolean;
  readonly connections: readonly ConnectionFacts[];
}

export interface ConnectionFacts {
  readonly address: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** Asks over the admin socket. */
export async function readRunningServer(socket: string, run: RunCommand): Promise<ServerFacts> {
  try {
    const status = await callLocalSocket(socket, 'status', {});
    const { clients } = await callLocalSocket(socket, 'client-list', {});
    const { configured, timed, names } = await callLocalSocket(socket, 'allow-list', {});
    const { bans } = await callLocalSocket(socket, 'bans', {});
    return {
      kind: 'running',
      version: String(status['version']),
      uptimeSeconds: Number(status['uptimeSeconds']),
      marks: texts(status['marks']),
      isPaused: status['paused'] === true,
      recordFailure: readFailure(status['record']),
      losses: objects(status['losses']).map(({ about, text, holdsBack }) => ({
        about: lossSubjects.find((subject) => subject === about) ?? 'record',
        text: String(text),
        holdsBack: holdsBack === true,
      })),
      unwritten: readUnwritten(status['unwritten']),
      disputedClock: readClock(status['clock']),
      firewalls: objects(status['enforcers']).map(readFirewall),
      sources: objects(status['sources']).map(readSource),
      untold: objects(status['notifications']).flatMap(readChannel),
      clients: objects(clients).map(readClient),
      whitelist: [...networks(configured), ...networks(objects(timed).map(({ network }) => network))],
      sharedRefusals: objects(status['sharedRefusals']).map(readRefusals),
      whitelistNames: objects(names).map(readName),
      bans: networks(objects(bans).map(({ network }) => network)),
    };
  } catch (error) {
    if (error instanceof NotRunningError) return { kind: 'not-running' };
    if (error instanceof NotAnsweringError) return { kind: 'not-answering', holder: await readHolder(socket, run) };
    return { kind: 'silent', reason: describeError(error) };
  }
}

/** Why a ban of this network would be refused or held back now, as its stable code; undefined when it would not be. */
export async function askRefusal(socket: string, network: Network): Promise<string | undefined> {
  const { refusal, hostIn } = await callLocalSocket(socket, 'lookup', { network });
  if (isObject(refusal)) return String(refusal['code']);
  return hostIn === undefined ? undefined : 'host';
}

function readRefusals({ client, count, since, networks: which, jails }: Fields): SharedRefusals {
  return {
    client: String(client),
    count: Number(count),
    since: Number(since),
    networks: texts(which),
    jails: texts(jails),
  };
}

function readName({ name, answered, networks: means, since, nextLookAt, trouble }: Fields): NameFacts {
  return {
    name: String(name),
    isAnswered: answered !== false,
    networks: networks(means),
    since: typeof since === 'number' ? since : undefined,
    nextLookAt: typeof nextLookAt === 'number' ? nextLookAt : undefined,
    trouble: typeof trouble === 'string' ? trouble : undefined,
  };
}

function readFirewall({ name, state, leftOut, strays, ...refusals }: Fields): FirewallState {
  return {
    name: String(name),
    failure: readDeniable(state),
    leftOut: Number(leftOut),
    shortOf: refusals['shortOf'] === 'bytes' ? 'bytes' : 'entries',
    refused: Number(refusals['refused'] ?? 0),
    firstRefused: readRefused(refusals['firstRefused']),
    unremoved: Number(refusals['unremoved'] ?? 0),
    firstUnremoved: readRefused(refusals['firstUnremoved']),
    strays: objects(strays).map(readStrays),
  };
}

function readRefused(value: unknown): readonly RefusedNetworkText[] {
  return objects(value).map(({ network, reason }) => ({ network: String(network), reason: String(reason) }));
}

function readStrays({ id, isOwn, isAlive, entries }: Fields): StrayFacts {
  return { id: String(id), isOwn: isOwn === true, isAlive: isAlive === true, entries: Number(entries) };
}

function readClock(value: unknown): DisputedClock | undefined {
  if (!isObject(value) || value['kind'] !== 'disputed') return undefined;
  const { hostAt, trustedAt, forSeconds, believedInSeconds } = value;
  return {
    hostAt: Number(hostAt),
    trustedAt: Number(trustedAt),
    forSeconds: Number(forSeconds),
    believedInSeconds: typeof believedInSeconds === 'number' ? believedInSeconds : undefined,
  };
}

function readUnwritten(value: unknown): UnwrittenDecisions | undefined {
  if (!isObject(value)) return undefined;
  const { decisions, reason, keptIn } = value;
  return {
    count: objects(decisions).length,
    reason: String(reason),
    keptIn: typeof keptIn === 'string' ? keptIn : undefined,
  };
}

function readSource({ name, state, leftOut, malformed }: Fields): SourceFacts {
  return {
    name: String(name),
    failure: readDeniable(state),
    leftOut: Number(leftOut),
    malformed: Number(malformed),
  };
}

function readDeniable(state: unknown): DeniableFailure | undefined {
  const failure = readFailure(state);
  return failure && { ...failure, isDenied: isObject(state) && state['code'] === 'denied' };
}

function readChannel({ name, state }: Fields): readonly ChannelFailure[] {
  const failure = readFailure(state);
  return failure === undefined ? [] : [{ ...failure, name: String(name) }];
}

/** States of the server say in the same words that something fails. */
function readFailure(state: unknown): Failure | undefined {
  if (!isObject(state) || state['kind'] !== 'failing') return undefined;
  return { reason: String(state['reason']), forSeconds: Number(state['forSeconds']) };
}

function readClient({ name, lastSeen, addedAt, keys, connections }: Fields): ClientState {
  return {
    name: String(name),
    lastSeenMs: typeof lastSeen === 'number' ? lastSeen : undefined,
    addedAtMs: Number(addedAt),
    hasToken: objects(keys).some(({ kind }) => kind === 'http'),
    connections: objects(connections).map(({ address, since }) => ({
      address: String(address ?? 'unknown'),
      sinceMs: Number(since),
    })),
  };
}
