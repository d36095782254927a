import { durationAllowed, parseDuration } from '../../shared/duration.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { limits } from '../../shared/limits.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';

export type Arguments = Readonly<Record<string, unknown>>;

/** Readers of one argument each. They throw an ArgumentError that names argument, value and what is allowed. */
export const argument = {
  optionalText(args: Arguments, name: string): string | undefined {
    const value = args[name];
    if (value === undefined || typeof value === 'string') return value;
    throw new ArgumentError(`${name}: ${quote(value)} is not a text`);
  },

  text(args: Arguments, name: string, pattern: RegExp, allowed: string): string {
    const value = args[name];
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new ArgumentError(`${name}: ${quote(value)}: allowed is ${allowed}`);
  },

  network(args: Arguments, name = 'network'): Network {
    const value = args[name];
    const network = typeof value === 'string' ? parseNetwork(value) : undefined;
    if (network !== undefined) return network;
    throw new ArgumentError(`${name}: ${quote(value)} is not an IPv4 or IPv6 address or CIDR`);
  },

  optionalNetwork(args: Arguments, name = 'network'): Network | undefined {
    return args[name] === undefined ? undefined : argument.network(args, name);
  },

  /** Seconds, or null for `permanent`; undefined when absent. */
  optionalDuration(args: Arguments, name: string): number | null | undefined {
    const value = args[name];
    if (value === undefined) return undefined;
    if (value === 'permanent') return null;
    const seconds = typeof value === 'string' ? parseDuration(value) : undefined;
    if (seconds !== undefined && seconds >= 1 && seconds <= limits.ttlMaxSeconds) return seconds;
    throw new ArgumentError(`${name}: ${quote(value)}: allowed is ${durationAllowed}, or permanent`);
  },

  /** Seconds, also 0, and no `permanent`. */
  duration(args: Arguments, name: string, fallback: number): number {
    const value = args[name];
    if (value === undefined) return fallback;
    const seconds = typeof value === 'string' ? parseDuration(value) : undefined;
    if (seconds !== undefined && seconds <= limits.ttlMaxSeconds) return seconds;
    throw new ArgumentError(`${name}: ${quote(value)}: allowed is ${durationAllowed}`);
  },

  count(args: Arguments, name: string, fallback: number): number {
    const value = Number(args[name] ?? fallback);
    if (Number.isInteger(value) && value > 0) return value;
    throw new ArgumentError(`${name}: ${quote(args[name])} is not a whole number above 0`);
  },

  flag(args: Arguments, name: string): boolean {
    return args[name] === true;
  },
};
