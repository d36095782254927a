import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type Ending, makeFolder } from '../../ending.ts';

const top = join(import.meta.dirname, '..', '..', '..', '..');

/**
 * Installs this package as `npm install --global` does, but without a registry: what it depends on is packed with it.
 *
 * @returns a layer for a machine
 */
export async function installPackage(test: Ending): Promise<string> {
  const folder = await makeFolder(test);
  const whole = await packWhole(folder);
  const layer = join(folder, 'layer');
  await npm(folder, 'install', '--global', `--prefix=${join(layer, 'usr', 'local')}`, '--offline', whole);
  return layer;
}

async function packWhole(folder: string): Promise<string> {
  await npm(top, 'pack', '--ignore-scripts', `--pack-destination=${folder}`);
  const { version } = await readPackage(top);
  await promisify(execFile)('tar', ['-xf', `fail2networkban-${version}.tgz`], { cwd: folder });
  const unpacked = join(folder, 'package');
  for (const path of await listDependencies()) {
    await cp(join(top, path), join(unpacked, path), { recursive: true, filter: (from) => !isNested(from, path) });
  }
  const bundling = { ...(await readPackage(unpacked)), bundleDependencies: true };
  await writeFile(join(unpacked, 'package.json'), JSON.stringify(bundling));
  await npm(folder, 'pack', '--ignore-scripts', unpacked);
  return join(folder, `fail2networkban-${version}.tgz`);
}

/** What only development needs may lie inside of what all need. */
function isNested(from: string, path: string): boolean {
  return relative(join(top, path), from).split('/').includes('node_modules');
}

async function listDependencies(): Promise<string[]> {
  const lines = (await npm(top, 'ls', '--omit=dev', '--all', '--parseable')).trim().split('\n');
  return lines.map((line) => relative(top, line)).filter((path) => path !== '');
}

async function readPackage(folder: string): Promise<{ readonly version: string }> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}

async function npm(folder: string, ...words: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const { stdout } = await promisify(execFile)('npm', [...words, '--silent', '--no-audit', '--no-fund'], {
    cwd: folder,
  });
  return stdout;
}
