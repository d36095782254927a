import { type Network, parseNetwork } from './network.ts';
import { NetworkIndex } from './network-index.ts';

/** Addresses that no attacker on the network can have (RFC 6890, RFC 4291, RFC 5771). */
export const specialPurposeNetworks: readonly Network[] = networksOf([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::/10',
  'ff00::/8',
]);

export const specialPurpose: NetworkIndex = new NetworkIndex(specialPurposeNetworks);

/** Addresses of private networks (RFC 1918), carriers' shared ones (RFC 6598), unique local ones (RFC 4193). */
export const privateNetworks: NetworkIndex = new NetworkIndex(
  networksOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']),
);

function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.map(parseNetwork).filter((network) => network !== undefined);
}
