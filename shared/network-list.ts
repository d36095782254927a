import { type DnsName, parseDnsName } from './dns/dns-name.ts';
import { type Network, parseNetwork } from './network.ts';

/** A line that holds something else than a network or a name. */
export interface WrongLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** A text with one network or DNS name a line; `#` begins a comment. */
export interface NetworkList {
  readonly networks: readonly Network[];
  readonly names: readonly DnsName[];
  readonly wrong: readonly WrongLine[];
}

/** Reads what `whitelist_file` holds, on both sides. */
export function parseNetworkList(list: string): NetworkList {
  const networks: Network[] = [];
  const names: DnsName[] = [];
  const wrong: WrongLine[] = [];
  for (const [index, content] of list.split('\n').entries()) {
    const text = content.replace(/#.*/, '').trim();
    const network = parseNetwork(text);
    const name = parseDnsName(text);
    if (network !== undefined) networks.push(network);
    else if (name !== undefined) names.push(name);
    else if (text !== '') wrong.push({ line: index + 1, text });
  }
  return { networks, names, wrong };
}
