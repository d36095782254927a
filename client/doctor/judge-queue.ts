import type { Said } from '../../shared/finding.ts';
import type { QueueFacts, UnitFacts } from './read-queue.ts';

/** Whether fail2ban can write to the queue, and nobody else. */
export function judgeQueue({ spool, mode, unit }: QueueFacts): readonly Said[] {
  if (mode === undefined) return [missing(spool, unit)];
  const said = isOpen(mode) ? [open(spool, mode)] : [];
  return unit.kind === 'not-wanted' ? said : [...said, judgeUnit(spool, unit)];
}

/** Folders that ProtectSystem leaves writable even when it is `full`, as long as no other setting covers them. */
const readOnlyWhenFull = ['/usr', '/boot', '/efi', '/etc'];

function judgeUnit(spool: string, unit: Exclude<UnitFacts, { kind: 'not-wanted' }>): Said {
  if (unit.kind === 'unknown') {
    return {
      level: 'note',
      code: 'queue-access-unknown',
      fact: `whether fail2ban's unit may write to ${spool} cannot be known: ${unit.reason}`,
      command: `sh -c ': >> ${spool}/queue'  # as fail2ban runs`,
    };
  }
  if (!mayWrite(spool, unit)) return readOnly(spool, unit.protectSystem);
  return { level: 'good', code: 'queue-writable', fact: `fail2ban's unit may write to ${spool}` };
}

/** Whether a unit's restrictions leave a folder writable. */
export function mayWrite(spool: string, unit: Extract<UnitFacts, { kind: 'known' }>): boolean {
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

function missing(spool: string, { kind }: UnitFacts): Said {
  return {
    level: 'broken',
    code: 'queue-folder-absent',
    fact: `${spool} is not there`,
    consequence:
      kind === 'not-wanted'
        ? 'a ban by hand cannot be kept while the agent does not run'
        : 'fail2ban cannot hand its bans over: each action fails',
    command: `install -d -m 0700 ${spool}`,
  };
}

function open(spool: string, mode: number): Said {
  return {
    level: 'broken',
    code: 'queue-open-to-others',
    fact: `${spool} has mode ${mode.toString(8).padStart(4, '0')}`,
    consequence: 'other users of this host can ban and unban everywhere',
    command: `chmod 0700 ${spool}`,
  };
}

function readOnly(spool: string, protectSystem: string): Said {
  return {
    level: 'broken',
    code: 'queue-read-only',
    fact: `fail2ban's unit may not write to ${spool} (ProtectSystem=${protectSystem})`,
    consequence: 'each action fails with "Read-only file system"',
    command: 'fail2networkban setup  # writes a drop-in for that unit, and restarts fail2ban',
  };
}
