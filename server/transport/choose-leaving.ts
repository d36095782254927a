import type { Network } from '../../shared/network.ts';
import { neighbourhoodOf } from './neighbourhood.ts';

/**
 * Which connection of a client gives way to a new one from `address`, when it has all that it may. Whoever has stolen its key
 * must not keep the host itself out by holding them all, and pushes out its own first.
 *
 * ```
 * some from there    → the oldest of these: most often the host's own, cut off and not yet missed
 * none from there    → the oldest of the neighbourhood that holds most
 * ```
 *
 * @param held oldest first
 */
export function chooseLeaving<Held extends { readonly address: Network | undefined }>(
  held: readonly Held[],
  address: Network | undefined,
): Held | undefined {
  const places = new Map<string, Held[]>();
  for (const each of held) {
    const place = neighbourhoodOf(each.address);
    places.set(place, [...(places.get(place) ?? []), each]);
  }
  const own = places.get(neighbourhoodOf(address));
  if (own !== undefined) return own[0];
  let largest: readonly Held[] = [];
  for (const each of places.values()) if (each.length > largest.length) largest = each;
  return largest[0];
}
