import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.ts';
import { isAbsent, readIfPresent } from './absent-file.ts';

/** Files of systemd-timesyncd, chrony, ntpd and ntpsec; of folders, every file in them. */
const timeFiles: readonly string[] = [
  '/etc/systemd/timesyncd.conf',
  '/etc/systemd/timesyncd.conf.d',
  '/run/systemd/timesyncd.conf.d',
  '/usr/lib/systemd/timesyncd.conf.d',
  '/etc/chrony/chrony.conf',
  '/etc/chrony/conf.d',
  '/etc/chrony/sources.d',
  '/run/chrony-dhcp',
  '/etc/chrony.conf',
  '/etc/ntp.conf',
  '/etc/ntpsec/ntp.conf',
];

/** Returns the time servers that the host is configured with, addresses and names, each once. @throws Error */
export async function readTimeServers(files: readonly string[] = timeFiles): Promise<string[]> {
  const texts = await Promise.all(files.map(readFileOrFolder));
  return [...new Set(texts.flat().flatMap(parseTimeServers))];
}

/** Reads `NTP=a b` and `FallbackNTP=` of timesyncd.conf(5), and `server`, `pool`, `peer` of chrony.conf(5) and ntp.conf(5). */
export function parseTimeServers(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const words = /^\s*(?:Fallback)?NTP\s*=(.*)$/.exec(line)?.[1];
    if (words !== undefined)
      return words
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '');
    return /^\s*(?:server|pool|peer)\s+(?:-[46]\s+)?([^\s#]+)/.exec(line)?.[1] ?? [];
  });
}

async function readFileOrFolder(path: string): Promise<string[]> {
  try {
    const names = await readdir(path);
    const texts = await Promise.all(names.map((name) => readIfPresent(join(path, name))));
    return texts.filter((text) => text !== undefined);
  } catch (error) {
    if (isAbsent(error)) return [];
    if (!hasCode(error, 'ENOTDIR')) throw error;
    return [(await readIfPresent(path)) ?? ''];
  }
}
