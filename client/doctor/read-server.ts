import { connect } from 'node:net';
import { describeError } from '../../shared/errors.ts';
import type { WelcomeFrame } from '../../shared/frames.ts';
import { resolveHost } from '../../shared/host/resolve-host.ts';
import { type Endpoint, nextHopOf, type ServerAddress } from '../server-address.ts';
import { connectToServer, type UplinkOptions } from '../uplink.ts';
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

const portMaxMs = 5_000;

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
  try {
    const connection = await connectToServer(server, options, ending.signal);
    const startedMs = options.clock.elapsed();
    await connection.ask({ about: 'self' });
    return { kind: 'reached', welcome: connection.welcome, roundTripMs: options.clock.elapsed() - startedMs };
  } catch (error) {
    if (error instanceof UplinkError) return { kind: 'no-login', code: error.code, reason: describeError(error) };
    throw error;
  } finally {
    ending.abort();
  }
}

/** Why the port cannot be reached, or undefined when it can. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: portMaxMs });
    const settle = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.on('connect', () => settle(undefined));
    socket.on('timeout', () => settle(`no answer in ${portMaxMs / 1_000} s`));
    socket.on('error', (error) => settle(describeError(error)));
  });
}
