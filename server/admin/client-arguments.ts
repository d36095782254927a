import { type Permission, permissions } from '../../shared/frames.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { clientAlphabet, clientPattern, jailGlobPattern, noteAlphabet, notePattern } from '../../shared/names.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';
import { type Arguments, argument } from './arguments.ts';

/** Networks that one client is bound to. */
const fromMax = 100;

/** Readers of what is said of a client. They throw an ArgumentError. */
export function readName(args: Arguments): string {
  return argument.text(args, 'name', clientPattern, clientAlphabet);
}

export function readDescription(args: Arguments): string {
  return argument.text({ description: '', ...args }, 'description', notePattern, noteAlphabet);
}

/** @param fallback what a client may when nothing is said */
export function readPermissions(
  value: unknown,
  fallback: readonly Permission[] = ['ban', 'unban'],
): readonly Permission[] {
  if (value === undefined) return fallback;
  const words = typeof value === 'string' ? value.split(',') : [];
  const may = permissions.filter((permission) => words.includes(permission));
  if (may.length === words.length && may.length > 0) return may;
  throw new ArgumentError(`may: ${quote(value)}: allowed are ${permissions.join(', ')}, separated by commas`);
}

export function readJails(key: 'jails' | 'follows', value: unknown): readonly string[] {
  if (value === undefined) return ['*'];
  const jails = typeof value === 'string' ? value.split(',') : [];
  if (jails.length > 0 && jails.length <= 100 && jails.every((jail) => jailGlobPattern.test(jail))) return jails;
  throw new ArgumentError(
    `${key}: ${quote(value)}: allowed are up to 100 jail names or patterns as nginx-*, separated by commas`,
  );
}

/** @returns none for everywhere, which `any` says too */
export function readFrom(value: unknown): readonly Network[] {
  if (value === undefined || value === 'any') return [];
  const networks = typeof value === 'string' ? value.split(',').map(parseNetwork) : [undefined];
  const known = networks.filter((network) => network !== undefined);
  if (known.length === networks.length && known.length <= fromMax) return known;
  throw new ArgumentError(
    `from: ${quote(value)}: allowed are up to ${fromMax} addresses and CIDRs, separated by commas, or any`,
  );
}
