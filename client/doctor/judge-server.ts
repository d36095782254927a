import { enumerate } from '../../shared/enumerate.ts';
import type { Said } from '../../shared/finding.ts';
import type { WelcomeFrame } from '../../shared/frames.ts';
import { fitsGlob } from '../../shared/names.ts';
import type { UplinkErrorCode } from '../uplink-error.ts';
import { formatVia, type Via } from '../via.ts';
import type { ServerFacts } from './read-server.ts';

/** Above this a ban takes noticeably longer than it should. */
const slowMs = 500;

/** What this host wants to do at a server. */
export interface Wants {
  /** Its name there. */
  readonly client: string;
  readonly verbs: readonly ('ban' | 'unban' | 'subscribe')[];
  /** Those that hand over. */
  readonly jails: readonly string[];
}

/** Whether a server is reached, believed, takes what this host sends, and tells what it asks for. */
export function judgeServer(facts: ServerFacts, wants: Wants): readonly Said[] {
  const { host, port, via } = facts;
  switch (facts.kind) {
    case 'no-name':
      return [notReached('no-address', `${host} has no address: ${facts.reason}`, `getent ahosts ${host}`)];
    case 'no-port': {
      const fact = `nothing answers at port ${port} of ${enumerate(facts.addresses)}: ${facts.reason}`;
      const look = via === undefined ? 'on the server: fail2networkban-server doctor' : `whether sshd runs on ${host}`;
      const command = `${look}; and look at the firewalls between`;
      return [notReached('no-answer', fact, command)];
    }
    case 'no-login':
      return [notReached(facts.code, facts.reason, remedyFor(facts.code, via))];
    case 'reached':
      return [reached(facts), ...judgeSpeed(facts.roundTripMs), ...judgePermissions(facts.welcome, wants)];
  }
}

function remedyFor(code: UplinkErrorCode, via: Via | undefined): string {
  return via !== undefined && code === 'no-way'
    ? `${formatVia(via)} true  # says more; -p, -i and known_hosts: see \`via\` in README.md`
    : remedies[code];
}

const remedies: Readonly<Record<UplinkErrorCode, string>> = {
  'no-way': 'look at via in client.ini',
  unreachable: 'look at url in client.ini: wss:// for TLS, ws:// with plaintext = yes',
  untrusted:
    'if the certificate was replaced on purpose: put its pin into client.ini: fail2networkban-server status shows it',
  unauthenticated:
    'on the server: fail2networkban-server client list; where this host may come from here (FROM): client rotate NAME, or client add NAME when it is not there; and here enroll LINE --force; else: client set NAME --from NETWORKS',
  'not-believed': 'look at url in client.ini: something else answers there, or its key for this host is another one',
  silent: 'on the server: fail2networkban-server doctor',
  closed: 'on the server: fail2networkban-server doctor, and its log',
};

function notReached(code: 'no-address' | 'no-answer' | UplinkErrorCode, fact: string, command: string): Said {
  return { level: 'broken', code, fact, consequence: 'events wait in the outbox', command };
}

function reached({ welcome, roundTripMs, via }: Extract<ServerFacts, { kind: 'reached' }>): Said {
  const way = via === undefined ? '' : ` through ssh ${via.user}@${via.host}`;
  const fact = `connected to ${welcome.server}${way}, key accepted, round trip ${roundTripMs.toFixed(1)} ms`;
  return { level: 'good', code: 'connected', fact };
}

function judgeSpeed(roundTripMs: number): readonly Said[] {
  if (roundTripMs <= slowMs) return [];
  return [
    {
      level: 'warning',
      code: 'slow',
      fact: `the round trip takes over ${slowMs} ms`,
      consequence: 'each ban arrives later by as much',
    },
  ];
}

function judgePermissions({ may, jails: patterns }: WelcomeFrame, wants: Wants): readonly Said[] {
  const lacking = wants.verbs.filter((verb) => !may.includes(verb));
  const verbs = lacking.filter((verb) => verb !== 'subscribe');
  const refused = wants.jails.filter((jail) => !patterns.some((pattern) => fitsGlob(pattern, jail)));
  return [
    ...verbs.map((verb) => forbidden('verb-not-permitted', `may not ${verb}`)),
    ...(lacking.includes('subscribe') ? [mayNotSubscribe(wants, may)] : []),
    ...(refused.length > 0 ? [forbidden('jail-not-permitted', `may not use the jails ${enumerate(refused)}`)] : []),
  ];
}

function mayNotSubscribe({ client }: Wants, may: readonly string[]): Said {
  return {
    level: 'warning',
    code: 'subscribe-not-permitted',
    fact: 'this host may not subscribe',
    consequence: 'it is not told what other hosts ban, and blocks nothing of it',
    command: `on the server: fail2networkban-server client set ${client} --may ${[...may, 'subscribe'].join(',')}`,
  };
}

function forbidden(code: string, what: string): Said {
  return {
    level: 'warning',
    code,
    fact: `this host ${what}`,
    consequence: 'the server refuses these events with not-permitted',
    command: 'on the server: fail2networkban-server client list',
  };
}
