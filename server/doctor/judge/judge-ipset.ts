import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import { plural } from '../../../shared/plural.ts';
import {
  clusterFile,
  clusterFileMaxBytes,
  clusterFileReserveBytes,
} from '../../enforcers/proxmox/cluster-file-size.ts';
import type { IpsetFacts, UnusableEntry } from '../../enforcers/proxmox/ipset-facts.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { unsplitIn, type WrittenByHand } from '../../enforcers/proxmox/written-by-hand.ts';
import { type Answered, unreadable } from './answered.ts';

/** Near a ceiling: nothing has failed yet. */
const warningShare = 0.8;

/** The ipset itself: whether it is there, what in it has no effect, and how full it is. */
export function judgeIpset(facts: Answered): readonly Said[] {
  return [...judgePresence(facts), ...judgeFile(facts.cluster.fileBytes), ...judgeWrittenByHand(facts.file)];
}

function judgePresence(facts: Answered): readonly Said[] {
  const { cluster, ipset } = facts;
  if (isUnreadable(cluster.ipset)) return [unreadable(`the ipset ${ipset}`, cluster.ipset)];
  return cluster.ipset === undefined ? [absent(ipset)] : judgeContent(cluster.ipset, facts);
}

function absent(ipset: string): Said {
  return {
    level: 'warning',
    code: 'ipset-absent',
    fact: `there is no ipset ${ipset}`,
    consequence: 'nothing is blocked yet; the server makes it when it first compares',
    command: 'fail2networkban-server reconcile',
  };
}

function judgeContent(facts: IpsetFacts, { ipset, maxEntries, file }: Answered): readonly Said[] {
  return [
    ...judgeUnusable(facts, ipset, file),
    ...judgeSpelling(facts, ipset),
    ...judgeExceptions(facts),
    ...judgeCount(facts, maxEntries),
  ];
}

function judgeUnusable({ unusable }: IpsetFacts, ipset: string, file: WrittenByHand | undefined): readonly Said[] {
  const by = (mending: UnusableEntry['mending']): readonly UnusableEntry[] =>
    unusable.filter((entry) => entry.mending === mending);
  const deletable = by('delete');
  return [
    ...entriesUnusable(deletable, deleteCommands(deletable, ipset)),
    ...entriesUnusable(
      by('move-aliases'),
      `move [ALIASES] above [IPSET ${ipset}] in ${clusterFile}; the next change through the API does that too`,
    ),
    ...entriesUnusable(
      withText(by('edit'), ipset, file),
      `write ADDRESS # COMMENT below [IPSET ${ipset}] in ${clusterFile}, or take the line out: the API cannot, and the next change through it makes a lone ! of a line without an address`,
    ),
  ];
}

/** The API shows a line without an address by its comment alone; the file, where it can be read, has all of it. */
function withText(
  entries: readonly UnusableEntry[],
  ipset: string,
  file: WrittenByHand | undefined,
): readonly UnusableEntry[] {
  const lines = unsplitIn(file, ipset);
  const nameless = entries.filter(({ cidr }) => cidr === '');
  const [first] = nameless;
  if (first === undefined || lines.length !== nameless.length) return entries;
  const named = lines.map((name) => ({ ...first, name }));
  return [...entries.filter(({ cidr }) => cidr !== ''), ...named];
}

function entriesUnusable(unusable: readonly UnusableEntry[], command: string): readonly Said[] {
  if (unusable.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'entries-unusable',
      fact: `entries that Proxmox cannot use: ${enumerate(unusable.map(({ name, reason }) => `${name} (${reason})`))}`,
      consequence: 'they block nothing; proxmox-firewall (nftables) may refuse the whole file because of them',
      command,
    },
  ];
}

function judgeSpelling({ odd, repeated }: IpsetFacts, ipset: string): readonly Said[] {
  const said: Said[] = [];
  if (odd.length > 0) {
    said.push({
      level: 'warning',
      code: 'entries-misspelt',
      fact: `entries in another than the canonical spelling: ${enumerate(odd.map(({ cidr, canonical }) => `${cidr} (${canonical})`))}`,
      consequence: 'Proxmox takes the same address in again under another spelling, and removes it under this one only',
      command: deleteCommands(odd, ipset),
    });
  }
  if (repeated.length > 0) {
    said.push({
      level: 'warning',
      code: 'entries-repeated',
      fact: `entries that stand more than once: ${enumerate(repeated.map((spellings) => spellings.join(' = ')))}`,
      consequence: 'removing one of them unblocks nothing',
      command: `pvesh get /cluster/firewall/ipset/${ipset}; remove all but one`,
    });
  }
  return said;
}

function judgeExceptions({ exceptions }: IpsetFacts): readonly Said[] {
  if (exceptions.length === 0) return [];
  return [
    {
      level: 'note',
      code: 'exceptions',
      fact: `taken out of the set with nomatch: ${enumerate(exceptions)}`,
      consequence: 'these are not dropped, whatever is banned around them',
      command: 'what should never be banned: fail2networkban-server allow add NETWORK',
    },
  ];
}

/** Of the ledger that holds most: `max_entries` is each server's own. */
function judgeCount({ marked }: IpsetFacts, maxEntries: number): readonly Said[] {
  const ours = Math.max(0, ...marked.values());
  if (ours < maxEntries * warningShare) return [];
  return [
    {
      level: 'warning',
      code: 'near-max-entries',
      fact: `${plural(ours, 'entry', 'entries')} of at most ${maxEntries}`,
      consequence: 'past max_entries, bans are left out',
      command: 'raise max_entries in the section and restart, or shorten bantime on the hosts',
    },
  ];
}

/** None of it is there any more once something was changed through Proxmox. */
function judgeWrittenByHand(file: WrittenByHand | undefined): readonly Said[] {
  if (file === undefined) return [];
  const { commentLines, lostSections, repeatedSets } = file;
  return [
    ...(commentLines > 0 ? [commentsDropped(commentLines)] : []),
    ...(lostSections.length > 0 ? [sectionsLost(lostSections)] : []),
    ...(repeatedSets.length > 0 ? [setsRepeated(repeatedSets)] : []),
  ];
}

function commentsDropped(lines: number): Said {
  return {
    level: 'warning',
    code: 'comments-dropped',
    fact: `cluster.fw has ${plural(lines, 'comment line')}: it is kept by hand`,
    consequence: 'Proxmox drops them with the first change that goes through it, as a ban does; all else stays',
    command: keepCopy,
  };
}

function sectionsLost(sections: readonly string[]): Said {
  return {
    level: 'broken',
    code: 'sections-lost',
    fact: `${enumerate(sections)} of cluster.fw ${sections.length === 1 ? 'ends' : 'end'} in CR LF (written on Windows), so Proxmox does not read what stands below`,
    consequence:
      'it counts as part of the section above, or as nothing, and is gone with the first change that goes through Proxmox, as a ban does: enable: 1 too',
    command: `${keepCopy}; sed -i 's/\\r$//' ${clusterFile}`,
  };
}

function setsRepeated(sets: readonly string[]): Said {
  return {
    level: 'warning',
    code: 'sets-repeated',
    fact: `more than one section of cluster.fw is the set ${enumerate(sets)}`,
    consequence:
      'Proxmox reads the last of each alone, and drops the others with the first change that goes through it; proxmox-firewall (nftables) refuses the whole file',
    command: `${keepCopy}; then join them by an editor`,
  };
}

const keepCopy = `cp ${clusterFile} /root/cluster.fw.before`;

const budgetBytes = clusterFileMaxBytes - clusterFileReserveBytes;

function judgeFile(fileBytes: Answered['cluster']['fileBytes']): readonly Said[] {
  if (isUnreadable(fileBytes)) return [unreadable('the size of cluster.fw', fileBytes)];
  if (fileBytes < budgetBytes * warningShare) return [];
  return [
    {
      level: 'warning',
      code: 'near-file-ceiling',
      fact: `cluster.fw is ${fileBytes} bytes, ${Math.round((fileBytes / clusterFileMaxBytes) * 100)} % of the 1 MiB at which it ends`,
      consequence: `beyond ${budgetBytes} bytes bans are left out; at its end Proxmox can neither read nor write it, and only an editor helps`,
      command:
        'lower max_entries in the section and restart; pvesh get /cluster/firewall/ipset shows what else is there',
    },
  ];
}

function deleteCommands(entries: readonly { readonly cidr: string }[], ipset: string): string {
  const [first] = entries;
  return `for each: pvesh delete /cluster/firewall/ipset/${ipset}/${first?.cidr ?? 'ENTRY'}`;
}
