import type { WelcomeFrame } from '../../shared/frames.ts';
import { fitsGlob } from '../../shared/names.ts';
import type { UplinkErrorCode } from '../uplink-error.ts';
import { type Finding, good } from './finding.ts';

/** How far the way to a server goes. */
export type Reach =
  | { readonly kind: 'no-name'; readonly reason: string }
  | { readonly kind: 'no-port'; readonly addresses: readonly string[]; readonly reason: string }
  | { readonly kind: 'no-login'; readonly code: UplinkErrorCode; readonly reason: string }
  | { readonly kind: 'reached'; readonly welcome: WelcomeFrame; readonly roundTripMs: number };

export type ServerFacts = { readonly server: string; readonly host: string; readonly port: number } & Reach;

/** Above this a ban takes noticeably longer than it should. */
const slowMs = 500;

/** Whether a server is reached, believed, and takes what this host sends. @param jails those that hand over */
export function findInServer(facts: ServerFacts, jails: readonly string[]): Finding[] {
  const { server, host, port } = facts;
  switch (facts.kind) {
    case 'no-name':
      return [broken(`${server}: ${host} has no address: ${facts.reason}`, `getent ahosts ${host}`)];
    case 'no-port':
      return [
        broken(
          `${server}: nothing answers at port ${port} of ${facts.addresses.join(', ')}: ${facts.reason}`,
          'on the server: systemctl status fail2networkban-server; and look at the firewalls between',
        ),
      ];
    case 'no-login':
      return [broken(`${server}: ${facts.code}: ${facts.reason}`, remedies[facts.code])];
    case 'reached':
      return findInWelcome(server, facts, jails);
  }
}

const remedies: Readonly<Record<UplinkErrorCode, string>> = {
  unreachable: 'look at url in client.ini: wss:// for TLS, ws:// with plaintext = yes',
  untrusted:
    'if the certificate was replaced on purpose: put its pin into client.ini: fail2networkban-server status shows it',
  unauthenticated:
    'on the server: fail2networkban-server client list; then client rotate NAME, and here enroll LINE --force',
  'not-believed': 'look at url in client.ini: something else answers there, or its key for this host is another one',
  silent: 'on the server: systemctl status fail2networkban-server',
  closed: 'on the server: journalctl -u fail2networkban-server',
};

function findInWelcome(
  server: string,
  { welcome, roundTripMs }: { readonly welcome: WelcomeFrame; readonly roundTripMs: number },
  jails: readonly string[],
): Finding[] {
  const findings = [
    good(`${server}: connected to ${welcome.server}, key accepted, round trip ${roundTripMs.toFixed(1)} ms`),
  ];
  if (roundTripMs > slowMs)
    findings.push({ level: 'warning', fact: `${server}: the round trip takes over ${slowMs} ms` });
  for (const verb of ['ban', 'unban'] as const) {
    if (!welcome.may.includes(verb)) findings.push(forbidden(server, `may not ${verb}`));
  }
  const refused = jails.filter((jail) => !welcome.jails.some((pattern) => fitsGlob(pattern, jail)));
  if (refused.length > 0) findings.push(forbidden(server, `may not use the jails ${refused.join(', ')}`));
  return findings;
}

function forbidden(server: string, what: string): Finding {
  return {
    level: 'warning',
    fact: `${server}: this host ${what}`,
    consequence: 'the server refuses these events with not-permitted',
    command: 'on the server: fail2networkban-server client list',
  };
}

function broken(fact: string, command: string): Finding {
  return { level: 'broken', fact, consequence: 'events wait in the outbox', command };
}
