import type { Said } from '../../../shared/finding.ts';
import type { PortFacts } from '../facts/read-port.ts';

/**
 * |  | free | taken |
 * | --- | --- | --- |
 * | the server runs | broken | good |
 * | it does not | said elsewhere | broken: it cannot start |
 */
export function judgePort(facts: PortFacts, isRunning: boolean): readonly Said[] {
  switch (facts.kind) {
    case 'any':
      return [];
    case 'unreadable':
      return [
        {
          level: 'warning',
          code: 'port-unreadable',
          fact: `who listens at the port cannot be read: ${facts.reason}`,
          consequence: 'whether hosts can connect is not known',
          command: 'apt-get install iproute2',
        },
      ];
    case 'free':
      if (!isRunning) return [];
      return [
        {
          level: 'broken',
          code: 'port-not-open',
          fact: `the server runs, but nobody listens at port ${facts.port}`,
          consequence: 'no host can connect',
          command: 'systemctl restart fail2networkban-server: the configuration was changed since it started',
        },
      ];
    case 'taken':
      if (isRunning) return [];
      return [
        {
          level: 'broken',
          code: 'port-taken',
          fact: `port ${facts.port} is held by ${facts.by}, while the server does not run`,
          consequence: 'the server cannot start',
          command: `ss -ltnp 'sport = :${facts.port}'; stop that program or set port in [server]`,
        },
      ];
  }
}
