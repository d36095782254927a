import { type Network, parseNetwork } from '../../../shared/network.ts';
import { orderOf } from '../../../shared/network-order.ts';
import { parseObject } from '../../../shared/sealed-channel.ts';
import type { Ban } from '../../standing-bans.ts';
import { type PageOrder, type Place, placeOf } from './bans-page.ts';

/** The place of the last ban of a page as a text that means nothing to whoever hands it back. */
export function formatCursor(ban: Ban, order: PageOrder): string {
  const { key } = placeOf(ban, order);
  const { sort, descending } = order;
  // JSON has no Infinity: null is permanent.
  const cursor = { sort, descending, key: key === Number.POSITIVE_INFINITY ? null : key, network: ban.network };
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** @returns undefined for what {@link formatCursor} did not make, or made for another order */
export function parseCursor(text: string, { sort, descending }: PageOrder): Place | undefined {
  const cursor = parseObject(Buffer.from(text, 'base64url').toString('utf8'));
  if (cursor?.['sort'] !== sort || cursor['descending'] !== descending) return undefined;
  const key = cursor['key'] === null ? Number.POSITIVE_INFINITY : cursor['key'];
  const network = readNetwork(cursor['network']);
  const isKey = typeof key === (sort === 'client' ? 'string' : 'number');
  if (network === undefined || !isKey || (typeof key !== 'string' && typeof key !== 'number')) return undefined;
  return { key, order: orderOf(network) };
}

function readNetwork(value: unknown): Network | undefined {
  return typeof value === 'string' ? parseNetwork(value) : undefined;
}
