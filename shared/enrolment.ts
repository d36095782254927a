import { formatAuthority, withoutBrackets } from './authority.ts';
import { defaultPort } from './frames.ts';
import { clientPattern } from './names.ts';
import { parsePin } from './pin.ts';

/** Key id and secret as they stand in files and enrolment lines: `KEYID.SECRET`, 8 and 43 characters of base64url. */
export const keyTextPattern = /^([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{43})$/;
export const keyTextAllowed = 'KEYID.SECRET: 8 and 43 characters of A-Z a-z 0-9 _ -';

/** All that a host needs to reach its server and be known there. */
export interface Enrolment {
  readonly client: string;
  /** A DNS name or an address, an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  /** `KEYID.SECRET` */
  readonly key: string;
  /** Of the server's certificate: see pin.ts. Without it the system's authorities decide. */
  readonly pin?: string;
  /** No TLS: `ws://`. */
  readonly plaintext?: boolean;
}

/** `fail2networkban://CLIENT@HOST:PORT/?key=KEYID.SECRET&pin=sha256:HEX`: what `client add` prints and `enroll` reads. */
export function formatEnrolment({ client, host, port, key, pin, plaintext }: Enrolment): string {
  const trust = plaintext === true ? 'plaintext=yes' : pin === undefined ? 'ca=system' : `pin=sha256:${pin}`;
  return `fail2networkban://${client}@${formatAuthority(host, port)}/?key=${key}&${trust}`;
}

/** The enrolment that a line holds, or a sentence that says what is wrong with it. The sentence never shows the key. */
export function parseEnrolment(line: string): Enrolment | string {
  const url = parseUrl(line);
  if (url === undefined) return 'the enrolment line is not of the form fail2networkban://CLIENT@HOST:PORT/?key=…&pin=…';
  if (!clientPattern.test(url.username)) return `the client name ${JSON.stringify(url.username)} is not allowed`;
  if (url.hostname === '') return 'the enrolment line names no host';
  const key = url.searchParams.get('key') ?? '';
  if (!keyTextPattern.test(key)) return `the key in the enrolment line is not ${keyTextAllowed}`;
  const trust = parseTrust(url.searchParams);
  if (typeof trust === 'string') return trust;
  return {
    client: url.username,
    host: withoutBrackets(url.hostname),
    port: url.port === '' ? defaultPort : Number(url.port),
    key,
    ...trust,
  };
}

/** The line alone, or as it is pasted from what `client add` and `client rotate` print: in quotes, with the command. */
const pastedPattern = /^(?:fail2networkban enroll (?:--force )?)?'?(fail2networkban:\/\/[^'\s]*)'?$/;

function parseUrl(line: string): URL | undefined {
  const text = pastedPattern.exec(line.trim())?.[1];
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

function parseTrust(parameters: URLSearchParams): Pick<Enrolment, 'pin' | 'plaintext'> | string {
  const known = ['key', 'pin', 'ca', 'plaintext'];
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    return `the enrolment line holds ${JSON.stringify(unknown)}: allowed are ${known.join(', ')}`;
  if (parameters.get('plaintext') === 'yes') return { plaintext: true };
  const pinText = parameters.get('pin');
  if (pinText === null)
    return parameters.get('ca') === 'system' ? {} : 'the enrolment line needs pin=sha256:…, ca=system or plaintext=yes';
  const pin = parsePin(pinText);
  return pin === undefined ? `the pin ${JSON.stringify(pinText)} is not sha256: and 64 hexadecimal digits` : { pin };
}
