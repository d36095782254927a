import { access, chmod, chown, rename, writeFile } from 'node:fs/promises';
import { CommandError, type RunCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';

/** The account that the service runs as; systemd/fail2networkban-server.service names the same. */
export const serviceUser = 'fail2networkban';

/** Numbers of an account of the host. */
export interface HostAccount {
  readonly uid: number;
  readonly gid: number;
}

/** The service's account, or undefined when the host has none. */
export async function findServiceUser(run: RunCommand): Promise<HostAccount | undefined> {
  try {
    const [, , uid, gid] = (await run(['getent', 'passwd', serviceUser])).split(':');
    return { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    if (error instanceof CommandError && error.code === 'failed') return undefined;
    throw error;
  }
}

/** @throws SetupError when the host has none */
export async function requireServiceUser(run: RunCommand): Promise<HostAccount> {
  const account = await findServiceUser(run);
  if (account === undefined) throw new SetupError(`this host has no user ${serviceUser}`);
  return account;
}

export async function isPresent(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Who may read a file. An owner or group that is not given is that of whoever runs setup. */
export interface Access extends Partial<HostAccount> {
  readonly mode: number;
}

/** chown(2) leaves as it is what is -1. */
const unchanged = -1;

/** Writes a file whole or not at all; nobody else can read it at any moment. */
export async function writeWhole(
  file: string,
  text: string,
  { uid = unchanged, gid = unchanged, mode }: Access,
): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await chown(draft, uid, gid);
  await chmod(draft, mode);
  await rename(draft, file);
}
