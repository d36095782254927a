import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Network, parseNetwork } from '../network.ts';
import { isObject } from '../sealed-channel.ts';
import { readIfPresent } from './absent-file.ts';
import { CommandError, type RunCommand } from './command-runner.ts';
import { addressFromDigits, addressFromWords } from './kernel-address.ts';

/** The kernel's tables of the network. `/proc/net` is not there under the units' ProcSubset=pid; what it leads to is. */
export const kernelTables = '/proc/self/net';

const none = /^0+$/;

/**
 * Returns the next hops of the host's default routes, IPv4 and IPv6, of every routing table. Without iproute2 only those of
 * the main IPv4 table are known: the kernel's text file has no other.
 *
 * @param folder as {@link kernelTables}
 * @throws Error when neither can be read
 */
export async function readGateways(folder: string, run: RunCommand): Promise<Network[]> {
  try {
    const ask = async (family: '-4' | '-6') =>
      parseRouteJson(await run(['ip', '-json', family, 'route', 'show', 'table', 'all', 'default']));
    return unique([...(await ask('-4')), ...(await ask('-6'))]);
  } catch (error) {
    // An older `ip` knows no -json.
    if (!(error instanceof CommandError) && !(error instanceof SyntaxError)) throw error;
    return unique(await readKernelGateways(folder));
  }
}

/**
 * Returns the gateways of default routes in the kernel's own text files. A kernel without IPv6 has no file for it.
 *
 * @throws Error
 */
async function readKernelGateways(folder: string): Promise<Network[]> {
  const ipv4 = await readFile(join(folder, 'route'), 'utf8');
  const ipv6 = (await readIfPresent(join(folder, 'ipv6_route'))) ?? '';
  return [...parseIpv4Gateways(ipv4), ...parseIpv6Gateways(ipv6)];
}

/** Returns the next hops in what `ip -json route` prints: `gateway`, `via` another family, and those of a multipath route. */
export function parseRouteJson(text: string): Network[] {
  const routes: unknown = text.trim() === '' ? [] : JSON.parse(text);
  return Array.isArray(routes) ? routes.flatMap(nextHopsOf) : [];
}

function nextHopsOf(route: unknown): Network[] {
  if (!isObject(route)) return [];
  const { gateway, via, nexthops } = route;
  const others: readonly unknown[] = Array.isArray(nexthops) ? nexthops : [];
  const own = [gateway, isObject(via) ? via['host'] : undefined].flatMap((address) =>
    typeof address === 'string' ? found(parseNetwork(address)) : [],
  );
  return [...own, ...others.flatMap(nextHopsOf)];
}

/** The gateways of default routes in the text of /proc/net/route, whose columns proc_pid_net(5) names. */
export function parseIpv4Gateways(text: string): Network[] {
  return rowsOf(text).flatMap(([, destination = '', gateway = '', , , , , mask = '']) =>
    none.test(destination) && none.test(mask) ? found(addressFromWords(gateway)) : [],
  );
}

/** The gateways of default routes in the text of /proc/net/ipv6_route: destination, length, source, length, next hop … */
export function parseIpv6Gateways(text: string): Network[] {
  return rowsOf(text).flatMap(([destination = '', length = '', , , nextHop = '']) =>
    none.test(destination) && none.test(length) ? found(addressFromDigits(nextHop)) : [],
  );
}

function rowsOf(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/\s+/));
}

/** A route that leads to an interface, or nowhere, has a gateway of zeros. */
function found(gateway: Network | undefined): Network[] {
  return gateway === undefined || gateway === '0.0.0.0' || gateway === '::' ? [] : [gateway];
}

function unique(networks: readonly Network[]): Network[] {
  return [...new Set(networks)];
}
