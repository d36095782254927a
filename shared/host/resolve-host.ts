import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type Network, parseNetwork } from '../network.ts';

/**
 * Returns the addresses that a host name stands for on this machine, IPv4 and IPv6, or the address that it is.
 *
 * @param signal nobody waits for the answer any more once it is aborted; the system's resolver itself cannot be called off
 * @throws Error of node:dns: `ENOTFOUND` when there is no such name, `EAI_AGAIN` when nobody answers; the signal's reason
 */
export async function resolveHost(host: string, signal?: AbortSignal): Promise<Network[]> {
  signal?.throwIfAborted();
  const found = await unlessAborted(lookup(host, { all: true }), signal);
  // Addresses of the link carry a zone (`fe80::1%eth0`); nobody bans those.
  return found.map(({ address }) => parseNetwork(address)).filter((network) => network !== undefined);
}

/** Waits for an answer, but not beyond the signal. @throws the signal's reason */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await answer;
  const ended = new AbortController();
  const aborted = once(signal, 'abort', { signal: ended.signal }).then(() => Promise.reject(signal.reason));
  // It rejects also when the answer came first.
  aborted.catch(() => undefined);
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    ended.abort();
  }
}
