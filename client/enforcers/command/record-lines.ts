import { readLabels } from '../../../shared/labels.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { parseObject } from '../../../shared/sealed-channel.ts';
import { decodeLine, encodeLine } from '../../outbox/checked-line.ts';
import type { BanFacts } from './command-event.ts';

/** What the text of a record says. */
export interface ParsedRecord {
  readonly bans: Map<Network, BanFacts>;
  readonly lines: number;
  /** Lines that say nothing, an unfinished one at the end among them. */
  readonly unreadable: number;
  /** An agent wrote it whose lines had no checksum. */
  readonly isUnchecked: boolean;
}

/** One line of a record, with its newline. By its checksum a changed digit is seen: the command would lift another network than it banned. */
export function formatCarriedOut(verb: 'ban' | 'unban', network: Network, facts?: BanFacts): string {
  const { jail, client, labels, reason } = facts ?? {};
  return encodeLine({ verb, network, jail, client, labels, reason });
}

/** Takes the lines one after the other. */
export function parseRecord(text: string): ParsedRecord {
  const bans = new Map<Network, BanFacts>();
  const lines = text.split('\n');
  // Behind the last newline: nothing, or what a dying host has not finished.
  const unfinished = lines.pop() === '' ? 0 : 1;
  const written = lines.filter((line) => line !== '');
  const isUnchecked = written.length > 0 && written.every((line) => decodeLine(line) === undefined);
  const decode = isUnchecked ? parseObject : decodeLine;
  const unreadable = written.filter((line) => !takeLine(bans, decode(line))).length;
  return { bans, lines: lines.length, unreadable: unfinished + unreadable, isUnchecked };
}

/** Returns whether the line could be read. */
function takeLine(bans: Map<Network, BanFacts>, value: Readonly<Record<string, unknown>> | undefined): boolean {
  const network = parseNetwork(textOf(value?.['network']));
  if (value === undefined || network === undefined) return false;
  if (value['verb'] === 'ban') bans.set(network, factsOf(value));
  if (value['verb'] === 'unban') bans.delete(network);
  return value['verb'] === 'ban' || value['verb'] === 'unban';
}

function factsOf(value: Readonly<Record<string, unknown>>): BanFacts {
  const { jail, client, labels, reason } = value;
  return { jail: textOf(jail), client: textOf(client), labels: readLabels(labels), reason: textOf(reason) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
