import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeFileError } from '../../shared/errors.ts';
import type { Network } from '../../shared/network.ts';
import { parseNetworkList } from '../../shared/network-list.ts';
import { quote } from '../../shared/refusal.ts';
import type { SectionReader } from '../../shared/section-reader.ts';

/** Reads `whitelist` and `whitelist_file` of `[agent]`; what is wrong is reported to the section's reader. */
export async function readWhitelist(config: string, agent: SectionReader): Promise<readonly Network[]> {
  const networks = agent.networks('whitelist');
  const file = agent.optional('whitelist_file');
  return file === undefined ? networks : [...networks, ...(await readList(resolve(dirname(config), file), agent))];
}

async function readList(path: string, agent: SectionReader): Promise<readonly Network[]> {
  try {
    const { networks, wrong } = parseNetworkList(await readFile(path, 'utf8'));
    for (const { line, text } of wrong) {
      agent.problem('whitelist_file', `${path}:${line}: ${quote(text)} is not an address or CIDR`);
    }
    return networks;
  } catch (error) {
    agent.problem('whitelist_file', `${path} cannot be read: ${describeFileError(error)}`, error);
    return [];
  }
}
