import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { isAbsent } from '../../shared/host/absent-file.ts';
import type { AgentSettings } from '../agent-settings.ts';

/** What systemd says of fail2ban's unit; `unknown` where there is no systemd or no such unit. */
export type UnitFacts =
  | { readonly kind: 'unknown'; readonly reason: string }
  /** No fail2ban is to write. */
  | { readonly kind: 'not-wanted' }
  | {
      readonly kind: 'known';
      /** `no`, `yes`, `full`, `strict` */
      readonly protectSystem: string;
      readonly readWritePaths: readonly string[];
      readonly readOnlyPaths: readonly string[];
    };

export interface QueueFacts {
  readonly spool: string;
  /** Permission bits, or undefined when the folder is not there. */
  readonly mode: number | undefined;
  readonly unit: UnitFacts;
}

/** Looks at the spool, and at fail2ban's unit where there is fail2ban. */
export async function readQueue({ spool, hasFail2ban }: AgentSettings): Promise<QueueFacts> {
  return { spool, mode: await modeOf(spool), unit: hasFail2ban ? await askUnit() : { kind: 'not-wanted' } };
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The command whose answer {@link readUnit} reads. */
export const unitQuestion = [
  'systemctl',
  'show',
  'fail2ban.service',
  '-p',
  'LoadState,ProtectSystem,ReadWritePaths,ReadOnlyPaths',
] as const;

function askUnit(): Promise<UnitFacts> {
  const [program, ...words] = unitQuestion;
  return new Promise((resolve) => {
    execFile(program, words, { timeout: 5_000 }, (error, stdout) => {
      resolve(error === null ? readUnit(stdout) : { kind: 'unknown', reason: 'systemctl does not answer' });
    });
  });
}

/** Reads what `systemctl show` prints, a line `Name=value` each. */
export function readUnit(text: string): UnitFacts {
  const values = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  if (values.get('LoadState') !== 'loaded') return { kind: 'unknown', reason: 'systemd has no unit fail2ban.service' };
  return {
    kind: 'known',
    protectSystem: values.get('ProtectSystem') ?? 'no',
    readWritePaths: words(values.get('ReadWritePaths')),
    readOnlyPaths: words(values.get('ReadOnlyPaths')),
  };
}

function words(text = ''): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
