/**
 * Names come from outside and end up in logs, in comments of cluster.fw and in command lines, so the alphabet is small:
 * no blanks, no control characters, nothing that a shell, an INI file or a firewall comment reads specially.
 */
export const jailPattern = /^[A-Za-z0-9%][A-Za-z0-9._@+%~-]{0,63}$/;
/** Of jails, where `*` stands for any characters: see {@link fitsGlob}. */
export const jailGlobPattern = /^[A-Za-z0-9*%][A-Za-z0-9._@+*%~-]{0,63}$/;
/** Names of jails that are carried as they are, and that may stand in fail2ban's and our own configuration. */
export const plainJailPattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;
export const clientPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Who reports: a client, the operator, or what the server takes over from another program, as `crowdsec/main`. */
export const reporterPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,129}$/;
export const keyIdPattern = /^[A-Za-z0-9_-]{8}$/;

/** What a person says of a client or of a whitelist entry. */
export const notePattern = /^[^\p{Cc}]{0,200}$/u;

/** The jail of bans by hand, unless another is named. No fail2ban jail is behind it. */
export const handJail = 'manual';

/** As whom an operator reports who uses the server's local socket; no host is enrolled by it. */
export const operatorName = 'operator';

export const plainJailAlphabet = '1–64 of A-Z a-z 0-9 . _ @ + -, beginning with a letter or digit';
export const jailAlphabet = '1–64 of A-Z a-z 0-9 . _ @ + % ~ -, beginning with a letter, a digit or %';
export const noteAlphabet = 'up to 200 characters, no control characters';
export const clientAlphabet = '1–64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit';

/** Whether `name` fits a pattern in which `*` stands for any characters: `nginx-*`. */
export function fitsGlob(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return pattern === name;
  if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - tail.length) return false;
    at = found + part.length;
  }
  return true;
}
