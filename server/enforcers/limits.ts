import type { SectionReader } from '../../shared/section-reader.ts';

/** With this many a write to Proxmox takes a second, and cluster.fw nears its 1 MiB. */
const maxEntriesMost = 50_000;

/** What an enforcer may hold and how often it is looked at; the same keys in every section of an enforcer. */
export interface EnforcerLimits {
  /** Entries of ours. */
  readonly maxEntries: number;
  /** Whether networks that together are a whole CIDR become one entry. */
  readonly merge: boolean;
  /** A full comparison each so many seconds, whatever happens. */
  readonly resyncSeconds: number;
}

/** What any section of an enforcer may say: `max_entries = 10000`, `merge = yes`, `resync = 5m`. */
export function readLimits(section: SectionReader): EnforcerLimits {
  return {
    maxEntries: section.integer('max_entries', 10_000, 1, maxEntriesMost),
    merge: section.flag('merge', true),
    resyncSeconds: section.duration('resync', 300, 10),
  };
}
