import { formatDuration } from '../../../shared/duration.ts';
import type { Said } from '../../../shared/finding.ts';
import { plural } from '../../../shared/plural.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { auditGrant } from '../../setup/grants.ts';
import type {
  DoubtfulFacts,
  ElsewhereFacts,
  HostBan,
  ProtectedSourceFacts,
  ProtectionFacts,
} from '../facts/read-protection.ts';
import type { ProxmoxFacts } from '../facts/read-proxmox.ts';
import { judgeOffers } from './judge-offers.ts';
import { commandsFor } from './judge-permissions.ts';

const dayMs = 86_400_000;

/** The firewalls that the sources are of. */
export interface FirewallsAround {
  /** As the doctor found them. */
  readonly proxmoxes: readonly ProxmoxFacts[];
  /** Names of those that the server does not get through to. */
  readonly failing: readonly string[];
}

/** Whether all is known that must not be banned, and whether a host's key may be a shield for somebody else. */
export function judgeProtection(
  { sources, heldBack, hostBans, doubtful, elsewhere, offers }: ProtectionFacts,
  firewalls: FirewallsAround,
  nowMs: number,
): readonly Said[] {
  return [
    ...sources.flatMap((source) => judgeSource(source, firewalls)),
    ...hostBans.map(judgeHostBan),
    ...doubtful.map(judgeDoubtful),
    ...elsewhere.filter(({ atMs }) => nowMs - atMs < dayMs).map((each) => judgeElsewhere(each, nowMs)),
    ...judgeOffers(offers),
    ...(heldBack > hostBans.length ? [heldBackBesides(heldBack - hostBans.length)] : []),
  ];
}

/**
 * | the server | reads it | cannot read it now |
 * | --- | --- | --- |
 * | read it once | good | a warning: what it said last holds |
 * | never read it | – | broken: no new ban is put into force |
 * | never read it, and goes on without | – | a note |
 *
 * That its firewall fails is a finding of that one, and the same is to be done.
 */
function judgeSource(source: ProtectedSourceFacts, { proxmoxes, failing }: FirewallsAround): readonly Said[] {
  const { name, reason, kind, failure } = source;
  const since = failure === undefined ? '' : ` for ${formatDuration(failure.forSeconds)}: ${failure.reason}`;
  const command = commandFor(name, proxmoxes);
  if (kind === 'unread') {
    const fact = `what is ${reason} (${name}) was never read${since}`;
    const consequence = 'bans are recorded, but no new one is put into force; lists and feeds wait';
    return [{ level: 'broken', code: 'protection-unread', fact, consequence, command: `${command}; ${without(name)}` }];
  }
  if (failure === undefined) return [];
  const fact = `what is ${reason} (${name}) cannot be read${since}`;
  if (kind === 'waived')
    return [{ level: 'note', code: 'protection-waived', fact, consequence: 'none of it is protected', command }];
  if (failing.some((firewall) => name.startsWith(`${firewall}/`))) return [];
  const consequence = 'what it said last stays protected; what has come since is not';
  return [{ level: 'warning', code: 'protection-not-read', fact, consequence, command }];
}

/** Where the token lacks the privilege to read, the command that grants it. */
function commandFor(source: string, proxmoxes: readonly ProxmoxFacts[]): string {
  const dnsName = dnsNameIn(source);
  if (dnsName !== undefined) return `getent ahosts ${dnsName}; it is asked about each minute`;
  const proxmox = proxmoxes.find(({ name }) => source.startsWith(`${name}/`));
  if (proxmox === undefined || 'unreachable' in proxmox.cluster)
    return 'mend what the reason names, it is read each minute';
  const { permissions } = proxmox.cluster;
  const isDenied = !isUnreadable(permissions) && permissions.sysAudit === 'none';
  return isDenied ? commandsFor(auditGrant, proxmox.token) : 'mend what the reason names, it is read each minute';
}

/** The name on the whitelist that a source stands for. */
function dnsNameIn(source: string): string | undefined {
  return source.startsWith('name/') ? source.slice('name/'.length) : undefined;
}

function without(name: string): string {
  const dnsName = dnsNameIn(name);
  if (dnsName !== undefined)
    return `to go on without it: fail2networkban-server allow remove ${dnsName}, which says where else it stands`;
  return `to go on without it: [policy] without_sources = ${name} in server.ini, then fail2networkban-server reload`;
}

function judgeHostBan({ network, detail, hosts }: HostBan): Said {
  const revoke = hosts.map((host) => `fail2networkban-server client revoke ${host}`).join('; ');
  return {
    level: 'warning',
    code: 'host-banned',
    fact: `${network} is banned, and the ban is held back: ${detail}`,
    consequence: 'it is not blocked; a host that was taken over, or who stole its key, is safe there',
    command: `a mistake: fail2networkban-server unban ${network}; no longer yours: ${revoke}; to block it all the same: fail2networkban-server ban ${network} --even-host`,
  };
}

function judgeDoubtful({ client, address, ban, isConnected }: DoubtfulFacts): Said {
  return {
    level: 'warning',
    code: 'host-from-banned-address',
    fact: `${client} ${isConnected ? 'is connected' : 'came'} from ${address}, a new address of it, where the ban of ${ban} is in force`,
    consequence: 'the ban stays: the host may be cut off by it, or somebody has stolen its key',
    command: `the host has moved there: fail2networkban-server unban ${ban}; its key was stolen: fail2networkban-server client revoke ${client}`,
  };
}

function judgeElsewhere({ client, address, atMs, from }: ElsewhereFacts, nowMs: number): Said {
  const ago = formatDuration((nowMs - atMs) / 1_000);
  return {
    level: 'warning',
    code: 'login-from-elsewhere',
    fact: `a good key of ${client} was refused at ${address}, ${ago} ago: it may come from ${from.join(', ')} only`,
    consequence: 'the host has moved and is shut out, or somebody has stolen its key',
    command: `stolen: fail2networkban-server client rotate ${client} --overlap 0s; moved: fail2networkban-server client set ${client} --from ${[...from, address].join(',')}`,
  };
}

function heldBackBesides(count: number): Said {
  return {
    level: 'note',
    code: 'bans-held-back',
    fact: `held back: ${plural(count, 'other ban')}, because of the whitelist, what is protected, or the settings`,
    consequence: 'each comes into force when its reason ends',
    command: 'fail2networkban-server status; of one: fail2networkban-server lookup ADDRESS',
  };
}
