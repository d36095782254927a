import { join } from 'node:path';
import { readIfPresent } from '../../../shared/host/absent-file.ts';
import { plural } from '../../../shared/plural.ts';

/** Where a node has the file, below `/etc/pve`. */
export function clusterFileIn(proxmoxFolder: string): string {
  return join(proxmoxFolder, 'firewall', 'cluster.fw');
}

/** What of a cluster.fw that is kept by hand Proxmox reads otherwise than it stands there, and drops with the next change. */
export interface WrittenByHand {
  /** Lines that are nothing but a comment. */
  readonly commentLines: number;
  /** Headings that Proxmox does not know, because they end in CR LF: `[OPTIONS]`. What is below them it does not read. */
  readonly lostSections: readonly string[];
  /** Names of sets that have more than one section, of which Proxmox reads the last. */
  readonly repeatedSets: readonly string[];
  /** Lines of sets that Proxmox cannot split into address and comment. */
  readonly unsplit: readonly UnsplitLine[];
}

export interface UnsplitLine {
  /** From 1. */
  readonly number: number;
  /** In lower case, as Proxmox reads it. */
  readonly set: string;
  readonly text: string;
}

/** What of the file is gone with the first change that goes through Proxmox (Firewall.pm, save_clusterfw_conf). */
export function lossesOf({ commentLines, lostSections, repeatedSets, unsplit }: WrittenByHand): readonly string[] {
  const lines = plural(unsplit.length, 'line');
  return [
    ...(commentLines > 0 ? [plural(commentLines, 'comment line')] : []),
    ...(unsplit.length > 0 ? [`the address of ${lines} without a # before the comment`] : []),
    ...lostSections.map((section) => `${section}, which ends in CR LF`),
    ...repeatedSets.map((set) => `all but the last [IPSET ${set}]`),
  ];
}

/** Lines of one set that cannot be split, as `line 13: 203.0.113.201 scanner of march`. */
export function unsplitIn(file: WrittenByHand | undefined, set: string): readonly string[] {
  const lines = file?.unsplit.filter((line) => line.set === set) ?? [];
  return lines.map(({ number, text }) => `line ${number}: ${text}`);
}

const setHeading = /^\[ipset\s+(\S+)\]\s*(?:#.*)?$/i;
const groupHeading = /^\[group\s+\S+\]\s*(?:#.*)?$/i;
const plainHeading = /^\[(?:options|aliases|rules)\]$/i;
const lostHeading = /^(\[(?:options|aliases|rules)\])\r$/i;
const entry = /^!?\s*\S+\s*$/;
const textMaxCharacters = 80;

/**
 * Reads the file of this host as pve-firewall does (Firewall.pm, generic_fw_config_parser).
 *
 * @returns undefined where this host has none
 * @throws Error when it cannot be read
 */
export async function readWrittenByHand(proxmoxFolder: string): Promise<WrittenByHand | undefined> {
  const text = await readIfPresent(clusterFileIn(proxmoxFolder));
  return text === undefined ? undefined : describeWrittenByHand(text);
}

export function describeWrittenByHand(text: string): WrittenByHand {
  const lines = text.split('\n').map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ''));
  const sets = lines.flatMap((line) => setHeading.exec(line)?.[1]?.toLowerCase() ?? []);
  return {
    commentLines: lines.filter((line) => line.startsWith('#')).length,
    lostSections: lines.flatMap((line) => lostHeading.exec(line)?.[1] ?? []),
    repeatedSets: [...new Set(sets.filter((set, at) => sets.indexOf(set) !== at))],
    unsplit: unsplitLines(lines),
  };
}

function unsplitLines(lines: readonly string[]): readonly UnsplitLine[] {
  const found: UnsplitLine[] = [];
  let set: string | undefined;
  for (const [at, line] of lines.entries()) {
    const heading = setHeading.exec(line)?.[1];
    if (heading !== undefined) set = heading.toLowerCase();
    else if (plainHeading.test(line) || groupHeading.test(line)) set = undefined;
    else if (set !== undefined && !line.startsWith('#') && line.trim() !== '' && !entry.test(withoutComment(line)))
      found.push({
        number: at + 1,
        set,
        text: line
          .trim()
          .replace(/\p{Cc}/gu, ' ')
          .slice(0, textMaxCharacters),
      });
  }
  return found;
}

function withoutComment(line: string): string {
  return line.replace(/#.*$/s, '');
}
