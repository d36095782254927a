import type { Network } from '../../shared/network.ts';
import { addressFromDigits, addressFromWords } from './kernel-address.ts';

const none = /^0+$/;

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
