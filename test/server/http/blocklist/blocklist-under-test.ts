import { callLocalSocket } from '../../../../shared/host/local-socket.ts';
import type { RunningServer } from '../../running-server.ts';
import { askHttp, type HttpAnswer, makeHttpClient } from '../ask-http.ts';

/** A ban as a test writes it: who reports it, in which jail, for how many seconds. */
export interface Banned {
  readonly network: string;
  readonly client?: string;
  readonly jail?: string;
  /** Without an end when it is left out. */
  readonly seconds?: number;
}

/** Has clients of these names report these networks. */
export async function banAll(server: RunningServer, bans: readonly Banned[]): Promise<void> {
  const tokens = new Map<string, string>();
  for (const { network, client = 'web1', jail = 'sshd', seconds } of bans) {
    const token = tokens.get(client) ?? (await tokenOf(server, client));
    tokens.set(client, token);
    const ttl = seconds === undefined ? '' : `&ttl=${seconds}s`;
    const { status, text } = await askHttp(server, `PUT /api/v1/bans/${network}?jail=${jail}${ttl}`, { token });
    if (status !== 200) throw new Error(text);
  }
}

async function tokenOf(server: RunningServer, client: string): Promise<string> {
  const { clients } = await callLocalSocket(server.settings.socket, 'client-list', {});
  const isKnown = Array.isArray(clients) && clients.some(({ name }) => name === client);
  if (!isKnown) return makeHttpClient(server, { name: client, may: 'ban,unban' });
  return String((await server.ask('client-rotate', { name: client, overlap: '0s' }))['token']);
}

/** A reader that is shown everything. */
export function makeReader(server: RunningServer, args: object = {}): Promise<string> {
  return makeHttpClient(server, { name: 'reader', ...args });
}

/** The lines of a list that are no comments. */
export function linesOf({ text }: Pick<HttpAnswer, 'text'>): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
