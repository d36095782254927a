import { readIfPresent } from './absent-file.ts';

/** Returns the addresses that a hosts(5) file gives to a name, as they stand there; a file that is not there gives none. */
export async function addressesOfHost(name: string, file: string): Promise<string[]> {
  const text = (await readIfPresent(file)) ?? '';
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.some((each) => each.toLowerCase().replace(/\.$/, '') === name) ? [address] : [];
  });
}
