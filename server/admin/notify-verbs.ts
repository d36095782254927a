import { ArgumentError, type LocalVerb } from '../../shared/host/local-socket.ts';
import { quote } from '../../shared/refusal.ts';
import type { Notifications } from '../notifications/notifications.ts';
import { type Arguments, argument } from './arguments.ts';

export interface NotifyVerbsOptions {
  readonly notifications: Notifications;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

/** `notify-test`. */
export function notifyVerbs(options: NotifyVerbsOptions): [string, LocalVerb][] {
  return [['notify-test', (args) => test(options, args)]];
}

/** Tells a test on one channel, or on all, and what came of it: `failed` unless all took it. */
async function test({ notifications, signal }: NotifyVerbsOptions, args: Arguments) {
  const channels = await notifications.test(chosen(notifications.names, argument.optionalText(args, 'name')), signal);
  return { outcome: channels.every(({ outcome }) => outcome === 'done') ? 'done' : 'failed', channels };
}

/** By name, as `chat`, or in full, as `webhook/chat`. */
function chosen(names: readonly string[], asked: string | undefined): readonly string[] {
  if (names.length === 0) throw new ArgumentError('server.ini has no [webhook NAME] and no [notify-command NAME]');
  if (asked === undefined) return names;
  const found = names.filter((name) => name === asked || name.endsWith(`/${asked}`));
  if (found.length === 0) throw new ArgumentError(`name: ${quote(asked)}: there are ${names.join(', ')}`);
  return found;
}
