import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { dnsNameAllowed } from '../../shared/dns/dns-name.ts';
import { describeFileError } from '../../shared/errors.ts';
import { type NetworkList, parseNetworkList } from '../../shared/network-list.ts';
import { quote } from '../../shared/refusal.ts';
import type { SectionReader } from '../../shared/section-reader.ts';

/** What this host never blocks. */
export type AgentWhitelist = Pick<NetworkList, 'networks' | 'names'>;

/** Reads `whitelist` and `whitelist_file` of `[agent]`; what is wrong is reported to the section's reader. */
export async function readWhitelist(config: string, agent: SectionReader): Promise<AgentWhitelist> {
  const { networks, names } = agent.networksAndNames('whitelist');
  const file = agent.optional('whitelist_file');
  if (file === undefined) return { networks, names };
  const listed = await readList(resolve(dirname(config), file), agent);
  return { networks: [...networks, ...listed.networks], names: [...names, ...listed.names] };
}

async function readList(path: string, agent: SectionReader): Promise<AgentWhitelist> {
  try {
    const { networks, names, wrong } = parseNetworkList(await readFile(path, 'utf8'));
    for (const { line, text } of wrong) {
      agent.problem('whitelist_file', `${path}:${line}: ${quote(text)} is not an address, a CIDR or ${dnsNameAllowed}`);
    }
    return { networks, names };
  } catch (error) {
    agent.problem('whitelist_file', `${path} cannot be read: ${describeFileError(error)}`, error);
    return { networks: [], names: [] };
  }
}
