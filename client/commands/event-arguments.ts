import { durationAllowed, parseDuration } from '../../shared/duration.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { readJail } from '../../shared/jail-name.ts';
import { type Labels, labelsAllowed, parseLabels } from '../../shared/labels.ts';
import { limits } from '../../shared/limits.ts';
import { jailAlphabet, jailPattern } from '../../shared/names.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';

/** Readers of what is typed: a wrong value is an ArgumentError that names argument, value and what is allowed. */
export const typed = {
  network(text: string): Network {
    const network = parseNetwork(text);
    if (network !== undefined) return network;
    throw new ArgumentError(
      `IP ${quote(text)}: allowed is an IPv4 or IPv6 address or CIDR, as 203.0.113.7 or 2001:db8::/48`,
    );
  },

  /** @param name of the argument, as the help has it */
  jail(text: string, name: '--jail'): string {
    if (jailPattern.test(text)) return text;
    throw new ArgumentError(`${name} ${quote(text)}: allowed are ${jailAlphabet}`);
  },

  /** A jail of this host, by the name that fail2ban knows it by or that it is carried under. */
  jailOfHost(text: string): string {
    if (text !== '') return readJail(text);
    throw new ArgumentError(`JAIL is missing: allowed is the name of a jail`);
  },

  labels(text: string): Labels {
    const labels = parseLabels(text);
    if (labels !== undefined) return labels;
    throw new ArgumentError(`--labels ${quote(text)}: allowed are ${labelsAllowed}`);
  },

  /** Seconds, null for `permanent`. */
  ttl(text: string): number | null {
    if (text === 'permanent') return null;
    const seconds = parseDuration(text);
    if (seconds !== undefined && seconds >= 1 && seconds <= limits.ttlMaxSeconds) return seconds;
    throw new ArgumentError(`--ttl ${quote(text)}: allowed is ${durationAllowed}, from 1s to 100 years, or permanent`);
  },

  /** Milliseconds. */
  limit(text: string): number {
    const seconds = parseDuration(text);
    if (seconds !== undefined && seconds >= 1) return seconds * 1_000;
    throw new ArgumentError(`--limit ${quote(text)}: allowed is ${durationAllowed}`);
  },
};
