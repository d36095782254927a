import { type Network, parseNetwork } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';

/** An object in an answer of the running server, which may be of another version. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the objects in a list; anything else has none. */
export function objects(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns the items of a list as texts; anything else has none. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Returns the networks in a list; what is none is left out. */
export function networks(value: unknown): readonly Network[] {
  return texts(value)
    .map(parseNetwork)
    .filter((network) => network !== undefined);
}
