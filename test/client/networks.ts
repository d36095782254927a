import { type Network, parseNetwork } from '../../shared/network.ts';

/** A network by any of its spellings. @throws when it is none */
export function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`${text} is not a network`);
  return parsed;
}
