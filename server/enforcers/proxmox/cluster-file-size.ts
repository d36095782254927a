import type { Proxmox } from 'proxmox-api';
import { bytesOf } from './ipset-facts.ts';
import { readIpsetEntries, type SetReading } from './read-set.ts';
import { isSet, objectOf, objectsOf, textOf } from './readable.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where a node of the cluster has the file. */
export const clusterFile = '/etc/pve/firewall/cluster.fw';

/** pmxcfs takes no file larger than this (memdb.h; half of it before Proxmox VE 7). */
export const clusterFileMaxBytes = 1_048_576;

/**
 * What is kept free of {@link clusterFileMaxBytes}: for what others write between two looks, and because a little before the end
 * Proxmox can no longer read the file either: then every call fails, and nothing can be taken out any more.
 */
export const clusterFileReserveBytes = 65_536;

/**
 * Bytes of cluster.fw but for the entries of one ipset, as Proxmox writes them (save_clusterfw_conf); at least so many. Comment lines
 * of a file that was written by hand do not count: the next change through Proxmox drops them.
 *
 * @throws EnforcerError
 */
export async function readBytesElsewhere(api: Proxmox.Api, ipset: string, reading?: SetReading): Promise<number> {
  const { firewall } = api.cluster;
  let bytes = sectionOfSome('[OPTIONS]', optionBytes(objectOf(await firewall.options.$get(), 'options')));
  bytes += sectionOfSome('[ALIASES]', linesBytes(objectsOf(await firewall.aliases.$get(), 'aliases'), aliasBytes));
  bytes += sectionOfSome('[RULES]', linesBytes(objectsOf(await firewall.rules.$get(), 'rules'), ruleBytes));
  for (const { name, comment } of objectsOf(await firewall.ipset.$get(), 'ipsets')) {
    const entries = textOf(name) === ipset ? [] : await readIpsetEntries(api, textOf(name), reading);
    bytes += sectionBytes(`[IPSET ${textOf(name)}]${commentText(comment)}`, bytesOf(entries));
  }
  for (const { group, comment } of objectsOf(await firewall.groups.$get(), 'groups')) {
    const rules = objectsOf(await firewall.groups.$(textOf(group)).$get(), `group ${textOf(group)}`);
    bytes += sectionBytes(`[group ${textOf(group)}]${commentText(comment)}`, linesBytes(rules, ruleBytes));
  }
  return bytes;
}

/** One that is not written when there is nothing in it. */
function sectionOfSome(heading: string, lines: number): number {
  return lines === 0 ? 0 : sectionBytes(heading, lines);
}

/** A heading, an empty line, the lines, an empty line. */
function sectionBytes(heading: string, lines: number): number {
  return Buffer.byteLength(heading) + 3 + lines;
}

function linesBytes(items: readonly Fields[], bytes: (item: Fields) => number): number {
  return items.reduce((sum, item) => sum + bytes(item) + 1, 0);
}

function optionBytes({ digest: _, ...options }: Fields): number {
  return Object.entries(options).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(`${key}: ${String(value)}\n`),
    0,
  );
}

function aliasBytes({ name, cidr, comment }: Fields): number {
  return Buffer.byteLength(`${textOf(name)} ${textOf(cidr)}${commentText(comment)}`);
}

/** Fields whose word in the file is another than their name. */
const wordsOfFields: Readonly<Record<string, string>> = { iface: 'i', proto: 'p' };

/** `|IN SSH(ACCEPT) -source +dc/x -log nolog # why` */
function ruleBytes({
  pos: _,
  digest: __,
  ipversion: ___,
  type,
  action,
  macro,
  enable,
  comment,
  ...fields
}: Fields): number {
  const target = macro === undefined ? textOf(action) : `${textOf(macro)}(${textOf(action)})`;
  const words = Object.entries(fields).map(([key, value]) => ` -${wordsOfFields[key] ?? key} ${String(value)}`);
  const text = `${isSet(enable) ? '' : '|'}${textOf(type)} ${target}${words.join('')}${commentText(comment)}`;
  return Buffer.byteLength(text);
}

function commentText(comment: unknown): string {
  return typeof comment === 'string' && comment !== '' ? ` # ${comment}` : '';
}
