import { type Network, parseNetwork } from '../../shared/network.ts';

/**
 * Where the user of a session of systemd-logind is logged in from, by the text of its file in /run/systemd/sessions;
 * undefined for a local one, one that is ending, and where logind knows a name only.
 */
export function parseLogin(text: string): Network | undefined {
  const values = new Map(text.split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  return values.get('STATE') === 'closing' ? undefined : parseNetwork(values.get('REMOTE_HOST') ?? '');
}
