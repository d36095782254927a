import type { PortFacts } from '../facts/read-port.ts';
import type { Said } from './said.ts';

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
      return [unreadable(facts.reason)];
    case 'free':
      return isRunning ? [notOpen(facts.port)] : [];
    case 'taken':
      return isRunning ? [] : [taken(facts.port, facts.by)];
  }
}

function unreadable(reason: string): Said {
  return {
    level: 'warning',
    code: 'port-unreadable',
    fact: `who listens at the port cannot be read: ${reason}`,
    consequence: 'whether hosts can connect is not known',
    command: 'apt-get install iproute2',
  };
}

function notOpen(port: number): Said {
  return {
    level: 'broken',
    code: 'port-not-open',
    fact: `the server runs, but nobody listens at port ${port}`,
    consequence: 'no host can connect',
    command: ({ restart }) => `${restart}; the configuration was changed since it started`,
  };
}

function taken(port: number, by: string): Said {
  return {
    level: 'broken',
    code: 'port-taken',
    fact: `port ${port} is held by ${by}, while the server does not run`,
    consequence: 'the server cannot start',
    command: `ss -ltnp 'sport = :${port}'; stop that program or set port in [server]`,
  };
}
