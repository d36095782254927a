import { type ConfigProblem, formatProblem } from '../../../shared/errors.ts';
import type { Said } from '../../../shared/finding.ts';
import type { ServerSettings } from '../../settings.ts';

/** A configuration that cannot be used. */
export function judgeProblems(problems: readonly ConfigProblem[], file: string): readonly Said[] {
  return problems.map((problem) => ({
    level: 'broken',
    code: 'config',
    fact: formatProblem(problem),
    consequence: 'the server does not start, and a running one goes on with what it had',
    command: `mend it, then: fail2networkban-server check-config --config ${file}`,
  }));
}

/**
 * One that can, but does not block anything.
 *
 * @param isOnProxmox whether this host is a node of Proxmox
 */
export function judgeSettings({ enforcers, exposure }: ServerSettings, isOnProxmox: boolean): readonly Said[] {
  return [...judgeExposure(exposure), ...judgeFirewalls(enforcers, isOnProxmox)];
}

function judgeExposure(exposure: string | undefined): readonly Said[] {
  if (exposure === undefined) return [];
  const [fact = '', command = ''] = exposure.split(/: (?=chmod )/);
  const consequence = 'whoever reads it may do what this server may; afterwards a new secret is wise';
  return [{ level: 'warning', code: 'secret-exposed', fact, consequence, command }];
}

function judgeFirewalls(enforcers: ServerSettings['enforcers'], isOnProxmox: boolean): readonly Said[] {
  if (enforcers.some(({ kind }) => kind !== 'dry-run')) return [];
  if (enforcers.length === 0 && !isOnProxmox) return [withoutFirewall];
  return [
    {
      level: 'warning',
      code: 'no-firewall',
      fact: enforcers.length === 0 ? 'no firewall is configured' : 'only dry runs are configured',
      consequence: 'bans are recorded, but nothing is blocked',
      command: isOnProxmox
        ? 'fail2networkban-server setup'
        : 'add a section [proxmox NAME] or [opnsense NAME] in place of [dry-run]',
    },
  ];
}

const withoutFirewall: Said = {
  level: 'note',
  code: 'no-firewall',
  fact: 'the server looks after no firewall itself',
  consequence: 'what it records is blocked by hosts that subscribe, and by those who read its lists',
};
