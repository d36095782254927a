import { limits } from '../../shared/limits.ts';

/** A number as Python writes it: with a point, with an exponent, or as many digits as bantime.increment makes. */
const numberPattern = /^[0-9]{1,400}(?:\.[0-9]{1,400})?(?:e[+-]?[0-9]{1,3})?$/i;

/**
 * Reads any bantime that fail2ban can hold. Longer than the protocol's longest finite time is that longest time; a negative
 * or endless one is permanent.
 *
 * @returns whole seconds, null for permanent, undefined for what is no number
 */
export function readBantime(text: string): number | null | undefined {
  if (/^-|^(?:inf|nan)/i.test(text))
    return numberPattern.test(text.slice(1)) || /^-?(?:inf|nan)/i.test(text) ? null : undefined;
  if (!numberPattern.test(text)) return undefined;
  return Math.min(Math.ceil(Number(text)), limits.ttlMaxSeconds);
}
