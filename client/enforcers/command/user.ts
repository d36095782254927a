import { readFile } from 'node:fs/promises';
import type { User } from '../../../shared/host/run-program.ts';

/** Looks a user up in /etc/passwd, by name or number. */
export async function readUser(name: string): Promise<User | undefined> {
  return parseUser(await readFile('/etc/passwd', 'utf8'), name);
}

/** @param text of passwd(5): `name:password:uid:gid:…` */
export function parseUser(text: string, asked: string): User | undefined {
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    if (name === '' || (name !== asked && uid !== asked)) continue;
    if (/^[0-9]{1,10}$/.test(uid) && /^[0-9]{1,10}$/.test(gid)) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
