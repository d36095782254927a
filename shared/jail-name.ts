import { jailPattern } from './names.ts';
import { sha256Hex } from './signing.ts';

/** Kept as they are at any place but the first, where only letters and digits are. */
const kept = /^[A-Za-z0-9._@+-]$/;
const keptFirst = /^[A-Za-z0-9]$/;
const carriedMax = 64;
/** Of a name that does not fit: so much of its beginning, then `~` and 16 digits of its SHA-256. */
const headMax = 47;

/**
 * Turns any name that fail2ban gives to a jail into the name under which it is carried: each byte of its UTF-8 that is not
 * of the alphabet of {@link jailPattern} becomes `%XX`. Names of that alphabet stay as they are.
 *
 * A name that is longer than 64 characters then is cut, and told apart by a digest.
 */
export function carryJail(name: string): string {
  const parts = [...Buffer.from(name, 'utf8')].map(carryByte);
  const whole = parts.join('');
  if (whole.length <= carriedMax) return whole;
  let head = '';
  for (const part of parts) {
    if (head.length + part.length > headMax) break;
    head += part;
  }
  return `${head}~${sha256Hex(name).slice(0, 16)}`;
}

/**
 * The name that fail2ban knows a jail by, for people to read. Of a name that was cut, and of one that is not as
 * {@link carryJail} makes it or would not be safe to print, the carried one.
 */
export function showJail(carried: string): string {
  if (!carried.includes('%')) return carried;
  const bytes = carried.replace(
    /%([0-9A-F]{2})|./gs,
    (one, hex) => hex ?? one.charCodeAt(0).toString(16).padStart(2, '0'),
  );
  const name = Buffer.from(bytes, 'hex').toString('utf8');
  return carryJail(name) === carried && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) ? name : carried;
}

/** A jail's name as a person writes it: as it is carried, or as fail2ban knows it. */
export function readJail(text: string): string {
  return jailPattern.test(text) ? text : carryJail(text);
}

function carryByte(byte: number, index: number): string {
  const character = String.fromCharCode(byte);
  if ((index === 0 ? keptFirst : kept).test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
