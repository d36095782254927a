import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { countJails, parseJailNames } from '../jails.ts';

/**
 * The names of all jails. `status` joins them with `, `, which may stand in a name too: where it does not come out even,
 * `banned` tells, which prints them as Python writes texts.
 *
 * @throws Fail2banError
 */
export async function readJailNames(fail2ban: Fail2ban, signal: AbortSignal): Promise<readonly string[]> {
  const status = await fail2ban(['status'], signal);
  const names = parseJailNames(status);
  const count = countJails(status) ?? names.length;
  if (names.length === count) return names;
  const quoted = parseBanned(await readBanned(fail2ban, signal));
  return quoted.length === count ? quoted : names;
}

/** fail2ban before 0.11.2 does not know the command. */
async function readBanned(fail2ban: Fail2ban, signal: AbortSignal): Promise<string> {
  try {
    return await fail2ban(['banned'], signal);
  } catch (error) {
    if (error instanceof Fail2banError) return '';
    throw error;
  }
}

/** Names out of `[{'sshd': ['203.0.113.7']}, {"it's": []}]`. */
export function parseBanned(text: string): readonly string[] {
  const names = text.matchAll(/\{(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"): \[/g);
  return [...names].map(([, single, double]) => unescapePython(single ?? double ?? ''));
}

const plainEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescapePython(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g, (_, x, u, wide, plain) => {
    const hex: string | undefined = x ?? u ?? wide;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return plainEscapes[plain] ?? plain;
  });
}
