import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Unit } from './unit-file.ts';

/** What `systemd-analyze` made of a unit. */
export interface Analysis {
  /** Its exit status was 0. */
  readonly isAccepted: boolean;
  /** Both outputs. */
  readonly text: string;
}

/**
 * Runs `systemd-analyze COMMAND… FILE` on a text of a unit. The programs of this package count as installed: they are
 * exchanged for one that is there.
 */
export async function analyze(unit: Unit, text: string, command: readonly string[]): Promise<Analysis> {
  const folder = await mkdtemp(join(tmpdir(), 'systemd-analyze-'));
  const file = join(folder, unit);
  try {
    await writeFile(file, text.replaceAll(/=fail2networkban(?:-server)? /g, '=/bin/true '));
    const { stdout, stderr } = await promisify(execFile)('systemd-analyze', [...command, '--no-pager', file]);
    return { isAccepted: true, text: stdout + stderr };
  } catch (error) {
    return { isAccepted: false, text: outputOf(error) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An exit status is an answer; a program that is not there is none. */
function outputOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number' && 'stderr' in error) {
    return String(error.stderr);
  }
  throw error;
}

/** Faults in this unit count, not those of units that it names. */
export const verify = ['verify', '--man=no', '--recursive-errors=no'] as const;

const security = ['security', '--offline=yes'] as const;

/** systemd's exposure level of a unit, from 0 (safe) to 10. */
export async function exposureOf(unit: Unit, text: string): Promise<number> {
  const { text: said } = await analyze(unit, text, security);
  const level = /Overall exposure level for \S+: ([0-9.]+)/.exec(said)?.[1];
  if (level === undefined) throw new Error(`no exposure level in: ${said}`);
  return Number(level);
}
