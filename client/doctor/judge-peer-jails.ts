import type { Said } from '../../shared/finding.ts';
import type { LogReaderFacts, PeerJailFacts, PeerJailsFacts } from './read-peer-jails.ts';

/** Whether the configured peer jails can take bans, and whether these stay in them. A silent fail2ban is told elsewhere. */
export function judgePeerJails(facts: PeerJailsFacts): readonly Said[] {
  if (facts.kind === 'silent') return [];
  return facts.peerJails.flatMap((jail) => [
    judgeJail(jail),
    ...jail.addressesOnly.map((action) => takesAddressesOnly(action, jail.name)),
    ...facts.logReaders.filter((reader) => counts(reader, jail.name)).map((reader) => bannedAgain(reader, jail.name)),
  ]);
}

function judgeJail({ name, fault, bantime }: PeerJailFacts): Said {
  if (fault !== undefined) return { level: 'broken', ...fault };
  if (bantime !== '-1') return endsBans(name, bantime);
  return { level: 'good', code: 'peer-jail-ready', fact: `jail ${name} can take peers' bans` };
}

function endsBans(name: string, bantime: string): Said {
  return {
    level: 'warning',
    code: 'peer-jail-ends-bans',
    fact: `jail ${name} has bantime ${bantime}`,
    consequence: "it ends peers' bans by itself, and the agent makes them anew minutes later",
    command: `set \`bantime = -1\` in [${name}], then fail2ban-client reload`,
  };
}

function takesAddressesOnly(action: string, name: string): Said {
  return {
    level: 'warning',
    code: 'peer-jail-addresses-only',
    fact: `the action ${action} of jail ${name} takes single addresses and fails for networks`,
    consequence: "a peer's ban of a network stands in the jail and is not in force",
    command: `set \`banaction = iptables-allports\` in [${name}], then fail2ban-client reload --restart ${name}`,
  };
}

/**
 * Whether a jail takes the line that fail2ban logs for a peer's ban for a failure. The name of the peer jail in its
 * failregex is an exception there, as `recidive[_jailname="(?:recidive|NAME)"]` makes it.
 */
function counts({ failregexes, ignoreregexes }: LogReaderFacts, jail: string): boolean {
  const line = `2026-01-01 00:00:00,000 fail2ban.actions        [1]: NOTICE  [${jail}] Ban 192.0.2.1`;
  return !failregexes.some((regex) => regex.includes(jail)) && !ignoreregexes.some((regex) => matches(regex, line));
}

/** Python's expressions that JavaScript cannot read match nothing here. */
function matches(regex: string, line: string): boolean {
  try {
    return new RegExp(regex).test(line);
  } catch {
    return false;
  }
}

function bannedAgain({ name, isWired }: LogReaderFacts, jail: string): Said {
  return {
    level: 'warning',
    code: 'peers-banned-again',
    fact: `jail ${name} counts the bans of ${jail}`,
    consequence: isWired
      ? "peers' bans become its own, and are sent back as this host's"
      : "peers' bans become its own, and outlast the peers'",
    command: `copy the line \`ignoreregex\` of client/fail2ban/jail.d/fail2networkban-peers.conf to [${name}], then fail2ban-client reload`,
  };
}
