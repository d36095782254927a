import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The two units that the package carries. */
export const units = ['fail2networkban-server.service', 'fail2networkban-agent.service'] as const;
export type Unit = (typeof units)[number];

/** A unit's text. Tests run from the compiled folder beside the package's own. */
export function readUnit(unit: Unit): Promise<string> {
  return readPackaged(unit);
}

function readPackaged(file: string): Promise<string> {
  return readFile(join(import.meta.dirname, '..', '..', '..', 'systemd', file), 'utf8');
}

/** The agent's unit with what the package carries for an agent with `[nftables]`, as systemd puts the two together. */
export async function readUnitWithNftables(): Promise<string> {
  const unit = await readUnit('fail2networkban-agent.service');
  return `${unit}\n${await readPackaged('fail2networkban-agent.service.d/nftables.conf')}`;
}

/** A unit with what the package carries for a container that refuses mounts. */
export async function readUnitWithoutNamespaces(unit: Unit): Promise<string> {
  return `${await readUnit(unit)}\n${await readPackaged('without-namespaces.conf')}`;
}

/** The values of one key of [Service], in the file's order. */
export function valuesOf(text: string, key: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

const folders = {
  StateDirectory: '/var/lib',
  RuntimeDirectory: '/run',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
} as const;

/** The folders that stay writable although the unit says ProtectSystem=strict. */
export function writableFolders(text: string): string[] {
  const own = Object.entries(folders).flatMap(([key, parent]) => words(text, key).map((name) => join(parent, name)));
  return [...own, ...words(text, 'ReadWritePaths').map((path) => path.replace(/^-/, ''))];
}

/** Whether a program of this unit may write this file. */
export function mayWrite(text: string, file: string): boolean {
  return writableFolders(text).some((folder) => dirname(file) === folder || dirname(file).startsWith(`${folder}/`));
}

function words(text: string, key: string): string[] {
  return valuesOf(text, key).flatMap((value) => value.split(/\s+/).filter((word) => word !== ''));
}
