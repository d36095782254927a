import { type Permission, permissions } from '../../shared/frames.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { clientAlphabet, clientPattern } from '../../shared/names.ts';
import { quote } from '../../shared/refusal.ts';
import { type Arguments, argument } from './arguments.ts';

const globPattern = /^[A-Za-z0-9*][A-Za-z0-9._@+*-]{0,63}$/;

/** Readers of what is said of a client. They throw an ArgumentError. */
export function readName(args: Arguments): string {
  return argument.text(args, 'name', clientPattern, clientAlphabet);
}

export function readDescription(args: Arguments): string {
  return argument.text(
    { description: '', ...args },
    'description',
    /^[^\p{Cc}]{0,200}$/u,
    'up to 200 characters, no control characters',
  );
}

export function readPermissions(value: unknown): readonly Permission[] {
  if (value === undefined) return ['ban', 'unban'];
  const words = typeof value === 'string' ? value.split(',') : [];
  const may = permissions.filter((permission) => words.includes(permission));
  if (may.length === words.length && may.length > 0) return may;
  throw new ArgumentError(`may: ${quote(value)}: allowed are ${permissions.join(', ')}, separated by commas`);
}

export function readJails(key: 'jails' | 'follows', value: unknown): readonly string[] {
  if (value === undefined) return ['*'];
  const jails = typeof value === 'string' ? value.split(',') : [];
  if (jails.length > 0 && jails.length <= 100 && jails.every((jail) => globPattern.test(jail))) return jails;
  throw new ArgumentError(
    `${key}: ${quote(value)}: allowed are up to 100 jail names or patterns as nginx-*, separated by commas`,
  );
}
