import { peerJail } from './shipped-files.ts';

/** With all bans of others in our peer jail, unless it has a subscription to that jail already. */
export function withPeers(text: string): string {
  const isSubscribed = new RegExp(`^[^#;]*=\\s*(?:jail:)?${peerJail}\\s*$`, 'm').test(text);
  return isSubscribed ? text : append(text, '[peers]', `* = ${peerJail}`);
}

/** With all bans of others blocked by nftables, unless a subscription says so already. @param carriesGuests bridges are looked at too */
export function withNftables(text: string, carriesGuests: boolean): string {
  const isSubscribed = /^\s*enforcer\s*=\s*nftables\s*$/m.test(text);
  const subscribed = isSubscribed ? text : append(text, '[subscription nftables]', 'enforcer = nftables');
  const hasHooks = /^\s*\[\s*nftables\s*\]/m.test(text);
  return carriesGuests && !hasHooks ? append(subscribed, '[nftables]', 'hooks = host, bridge') : subscribed;
}

/** With `[agent] fail2ban = no`. */
export function withoutFail2ban(text: string): string {
  const key = 'fail2ban = no';
  const said = /^[ \t]*fail2ban[ \t]*=.*$/m;
  if (said.test(text)) return text.replace(said, key);
  const header = /^[ \t]*\[[ \t]*agent[ \t]*\].*$/m;
  if (header.test(text)) return text.replace(header, (line) => `${line}\n${key}`);
  return text.trim() === '' ? `[agent]\n${key}\n` : `[agent]\n${key}\n\n${text}`;
}

function append(text: string, ...lines: readonly string[]): string {
  return `${text.trimEnd()}\n\n${lines.join('\n')}\n`;
}
