import { compareOrder, type NetworkOrder, orderOf } from '../../../shared/network-order.ts';
import type { Ban } from '../../standing-bans.ts';

/** By what a page of bans is sorted: `client` is the first of a ban's, `reported` the newest of its reports. */
export const sorts = ['network', 'reported', 'end', 'client'] as const;

export interface PageOrder {
  readonly sort: (typeof sorts)[number];
  readonly descending: boolean;
}

/** Where a ban stands in that order; no two bans stand at the same place. */
export interface Place {
  readonly key: number | string;
  readonly order: NetworkOrder;
}

export interface Page {
  readonly bans: readonly Ban[];
  /** Bans on all pages. */
  readonly count: number;
  /** Whether there is more after these. */
  readonly isCut: boolean;
}

/**
 * The first so many bans after a place. Each ban is looked at once and no more than twice the page is ever sorted, so that a
 * page out of a hundred thousand costs little more than looking at them.
 *
 * @param bans those that count, in any order
 */
export function pageOf(bans: Iterable<Ban>, { order, after, limit }: PageRequest): Page {
  const compare = comparing(order);
  let kept: Kept[] = [];
  let last: Place | undefined;
  let count = 0;
  for (const ban of bans) {
    count += 1;
    const place = placeOf(ban, order);
    if (after !== undefined && compare(place, after) <= 0) continue;
    if (last !== undefined && compare(place, last) >= 0) continue;
    kept.push({ ban, place });
    if (kept.length < 2 * (limit + 1)) continue;
    kept = cut(kept, compare, limit + 1);
    last = kept.at(-1)?.place;
  }
  kept = cut(kept, compare, limit + 1);
  return { bans: kept.slice(0, limit).map(({ ban }) => ban), count, isCut: kept.length > limit };
}

export interface PageRequest {
  readonly order: PageOrder;
  /** Undefined: from the beginning. */
  readonly after: Place | undefined;
  readonly limit: number;
}

interface Kept {
  readonly ban: Ban;
  readonly place: Place;
}

type Compare = (a: Place, b: Place) => number;

function cut(kept: Kept[], compare: Compare, most: number): Kept[] {
  return kept.sort((a, b) => compare(a.place, b.place)).slice(0, most);
}

export function placeOf(ban: Ban, { sort }: PageOrder): Place {
  return { key: keyOf(ban, sort), order: orderOf(ban.network) };
}

function keyOf(ban: Ban, sort: PageOrder['sort']): number | string {
  switch (sort) {
    case 'network':
      return 0;
    case 'reported':
      return newestOf(ban);
    case 'end':
      return ban.endsAt;
    case 'client':
      return ban.reports.reduce((first, { client }) => (first === '' || client < first ? client : first), '');
  }
}

function newestOf({ reports }: Ban): number {
  let newest = 0;
  for (const { reportedAt } of reports) if (reportedAt > newest) newest = reportedAt;
  return newest;
}

function comparing({ descending }: PageOrder): Compare {
  const ascending: Compare = (a, b) => compareKeys(a.key, b.key) || compareOrder(a.order, b.order);
  return descending ? (a, b) => ascending(b, a) : ascending;
}

function compareKeys(a: number | string, b: number | string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
