import { type Finding, good } from './finding.ts';

/** What systemd says of fail2ban's unit; `unknown` where there is no systemd or no such unit. */
export type UnitFacts =
  | { readonly kind: 'unknown'; readonly reason: string }
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

/** Whether fail2ban can write to the queue, and nobody else. */
export function findInQueue({ spool, mode, unit }: QueueFacts): Finding[] {
  if (mode === undefined) return [missing(spool)];
  return [...(isOpen(mode) ? [open(spool, mode)] : []), findInUnit(spool, unit)];
}

/** Folders that ProtectSystem leaves writable even when it is `full`, as long as no other setting covers them. */
const readOnlyWhenFull = ['/usr', '/boot', '/efi', '/etc'];

function findInUnit(spool: string, unit: UnitFacts): Finding {
  if (unit.kind === 'unknown') {
    return {
      level: 'note',
      fact: `whether fail2ban's unit may write to ${spool} cannot be known: ${unit.reason}`,
      command: `sh -c ': >> ${spool}/queue'  # as fail2ban runs`,
    };
  }
  return mayWrite(spool, unit) ? good(`fail2ban's unit may write to ${spool}`) : readOnly(spool, unit.protectSystem);
}

function mayWrite(spool: string, unit: Extract<UnitFacts, { kind: 'known' }>): boolean {
  if (unit.readWritePaths.some((path) => isWithin(path, spool))) return true;
  if (unit.readOnlyPaths.some((path) => isWithin(path, spool))) return false;
  if (unit.protectSystem === 'strict') return ['/dev', '/proc', '/sys'].some((path) => isWithin(path, spool));
  return unit.protectSystem === 'no' || !readOnlyWhenFull.some((path) => isWithin(path, spool));
}

function isWithin(folder: string, path: string): boolean {
  const clean = folder.replace(/^[-+]+/, '').replace(/\/+$/, '');
  return path === clean || path.startsWith(`${clean}/`);
}

function isOpen(mode: number): boolean {
  return (mode & 0o022) !== 0;
}

function missing(spool: string): Finding {
  return {
    level: 'broken',
    fact: `${spool} is not there`,
    consequence: 'fail2ban cannot hand its bans over: each action fails',
    command: `install -d -m 0700 ${spool}`,
  };
}

function open(spool: string, mode: number): Finding {
  return {
    level: 'broken',
    fact: `${spool} has mode ${mode.toString(8).padStart(4, '0')}`,
    consequence: 'other users of this host can ban and unban everywhere',
    command: `chmod 0700 ${spool}`,
  };
}

function readOnly(spool: string, protectSystem: string): Finding {
  return {
    level: 'broken',
    fact: `fail2ban's unit may not write to ${spool} (ProtectSystem=${protectSystem})`,
    consequence: 'each action fails with "Read-only file system"',
    command: `systemctl edit fail2ban: [Service] ReadWritePaths=${spool}, then systemctl restart fail2ban`,
  };
}
