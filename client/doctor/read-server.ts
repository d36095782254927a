import { connect } from 'node:net';
import { type Clock, sleep } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { WelcomeFrame } from '../../shared/frames.ts';
import { resolveHost } from '../../shared/host/resolve-host.ts';
import { type Endpoint, nextHopOf, type ServerAddress } from '../server-address.ts';
import { connectMaxMs, connectToServer, type UplinkOptions } from '../uplink.ts';
import { UplinkError, type UplinkErrorCode } from '../uplink-error.ts';
import type { Via } from '../via.ts';

/** How far the way to a server goes. */
export type Reach =
  | { readonly kind: 'no-name'; readonly reason: string }
  | { readonly kind: 'no-port'; readonly addresses: readonly string[]; readonly reason: string }
  | { readonly kind: 'no-login'; readonly code: UplinkErrorCode; readonly reason: string }
  | { readonly kind: 'reached'; readonly welcome: WelcomeFrame; readonly roundTripMs: number };

/** Host and port are those that this host speaks to: the ssh server's where the way leads through one. */
export type ServerFacts = { readonly server: string; readonly via?: Via } & Endpoint & Reach;

/** A server that lives needs a fraction of it, for each step. One that is stopped still takes the connection. */
const stepMaxMs = 5_000;

/**
 * Goes the way to a server step by step, as far as it leads: name, port, ssh where it leads through one, TLS
 * and login, one question.
 */
export async function readServer(server: ServerAddress, options: UplinkOptions): Promise<ServerFacts> {
  const { name, via } = server;
  const place = { ...nextHopOf(server), ...(via === undefined ? {} : { via }) };
  return { server: name, ...place, ...(await reach(server, place, options)) };
}

async function reach(server: ServerAddress, { host, port }: Endpoint, options: UplinkOptions): Promise<Reach> {
  const addresses = await findAddresses(host);
  if (typeof addresses === 'string') return { kind: 'no-name', reason: addresses };
  const reason = await tryPort(host, port);
  return reason === undefined ? login(server, options) : { kind: 'no-port', addresses, reason };
}

/** The addresses of a name, or why it has none. */
async function findAddresses(host: string): Promise<readonly string[] | string> {
  try {
    return await resolveHost(host);
  } catch (error) {
    return describeError(error);
  }
}

async function login(server: ServerAddress, options: UplinkOptions): Promise<Reach> {
  const ending = new AbortController();
  // ssh takes its own time before the server is asked anything.
  const loginMaxMs = server.via === undefined ? stepMaxMs : connectMaxMs;
  const { clock } = options;
  try {
    const connection = await inTime(connectToServer(server, options, ending.signal), clock, loginMaxMs);
    const startedMs = clock.elapsed();
    await inTime(connection.ask({ about: 'self' }), clock, stepMaxMs);
    return { kind: 'reached', welcome: connection.welcome, roundTripMs: clock.elapsed() - startedMs };
  } catch (error) {
    if (error instanceof UplinkError) return { kind: 'no-login', code: error.code, reason: describeError(error) };
    throw error;
  } finally {
    ending.abort();
  }
}

/** @throws UplinkError `silent` when the time is over */
async function inTime<T>(answer: Promise<T>, clock: Clock, mostMs: number): Promise<T> {
  const settled = new AbortController();
  const late = sleep(clock, mostMs, settled.signal).then(() => {
    const reason = `it takes the connection and does not answer in ${mostMs / 1_000} s: stopped, or overloaded`;
    throw new UplinkError('silent', reason);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    settled.abort();
  }
}

/** Why the port cannot be reached, or undefined when it can. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: stepMaxMs });
    const settle = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.on('connect', () => settle(undefined));
    socket.on('timeout', () => settle(`no answer in ${stepMaxMs / 1_000} s`));
    socket.on('error', (error) => settle(describeError(error)));
  });
}
